// How languages write a value in their source: text in quotes, lists, objects.

const WIDTH = 80;
const MOST_INDENT = 40; // What is nested more deeply stays in one line.
// What does not show, or not as it is: control and format characters, and separators of lines. Not the joiner, of
// which emoji are made.
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}]|(?!\u200d)\p{Cf}/gu;
const USUAL = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const hex = (code, digits = 4) => code.toString(16).padStart(digits, "0");
const unit = (code) => `\\u${hex(code)}`;
// A character in halves, as UTF-16 has it.
const units = (character) => character.split("").map((half) => unit(half.charCodeAt(0))).join("");
const braced = (character) => `\\u{${character.codePointAt(0).toString(16)}}`;
const long = (character) => `\\U${hex(character.codePointAt(0), 8)}`;
const isLong = (character) => character.length > 1;

// `text` with U+FFFD for halves of a surrogate pair: no message can hold them.
export const wellFormed = (text) => text.replace(/\p{Cs}/gu, "\ufffd");

export const hasHidden = (text, but = "") => (text.match(HIDDEN) ?? []).some((each) => !but.includes(each));

// JSON in a line, in which everything shows.
export const json = (value) => JSON.stringify(value).replace(HIDDEN, units);

// `text` in double quotes; `special` is what else has a backslash before it, `hide` how a hidden character is written.
function quoted(text, hide, special = /["\\]/g) {
  const inner = text.replace(special, "\\$&").replace(HIDDEN, (each) => USUAL[each] ?? hide(each));
  return `"${inner}"`;
}

const escapeLong = (character) => (isLong(character) ? long(character) : units(character));
const escapeBraced = (character) => (isLong(character) ? braced(character) : units(character));

export const goText = (text) => quoted(text, escapeLong);

// Where nothing has to be hidden, in backquotes: as it is.
export const goRaw = (text) => (text.includes("`") || hasHidden(text) ? goText(text) : `\`${text}\``);

// All that is not ASCII is escaped, as up to Java 17 it depends on the machine how a file is read. A constant of Java
// has 65535 bytes at most, and characters below U+0020 cannot be written with \u.
export function javaText(text) {
  const write = (part) => quoted(part, octal).replace(/[^\x00-\x7f]/gu, units);
  const octal = (each) => (each < "\x80" ? `\\${each.charCodeAt(0).toString(8).padStart(3, "0")}` : each);
  const parts = text.match(/.{1,10000}/gsu) ?? [""];
  return parts.length === 1 ? write(text) : `String.join("", ${parts.map(write).join(", ")})`;
}

function phpText(text) {
  if (!hasHidden(text)) return `'${text.replace(/['\\]/g, "\\$&")}'`;
  return quoted(text, braced, /["\\$]/g);
}

const pythonText = (text) => quoted(text, escapeLong);
const jsText = (text) => quoted(text, escapeBraced);
const isPlainName = (name) => /^[A-Za-z_]\w*$/.test(name) && name !== "__proto__";
const jsKey = (name) => (isPlainName(name) ? name : name === "__proto__" ? `["${name}"]` : jsText(name));
// As a list: PHP would make one of it.
const looksLikeList = (object) => Object.keys(object).every((name, at) => name === String(at));

const words = { true: "true", false: "false", null: "null" };
const brackets = ["[", "]"];
const braces = ["{", "}"];
const spaced = ["{ ", " }"];

export const PHP = {
  ...words, step: "    ", text: phpText, key: (name) => `${phpText(name)} => `,
  list: brackets, object: (value) => (looksLikeList(value) ? ["(object) [", "]"] : brackets),
};
export const PYTHON = {
  true: "True", false: "False", null: "None", step: "    ", text: pythonText, key: (name) => `${pythonText(name)}: `,
  list: brackets, object: () => braces,
};
export const JAVASCRIPT = {
  ...words, step: "  ", text: jsText, key: (name) => `${jsKey(name)}: `, list: brackets, object: () => spaced,
};
export const RUBY = {
  ...words, null: "nil", step: "  ", text: (text) => quoted(text, braced, /["\\]|#(?=[{$@])/g),
  key: (name) => `${RUBY.text(name)} => `, list: brackets, object: () => spaced,
};

// `value` in the style of a language. What does not fit the line is broken, at `indent`; `used` is how much of the
// line is there already.
export function literal(value, style, indent = "", used = indent.length) {
  const whole = flat(value, style);
  if (value === null || typeof value !== "object" || used + whole.length < WIDTH) return whole;
  if (indent.length > MOST_INDENT) return whole;
  const [open, close] = edges(value, style);
  const inner = indent + style.step;
  const lines = entries(value, style).map(
    ([key, each]) => `${inner}${key}${literal(each, style, inner, inner.length + key.length)},\n`,
  );
  return `${open.trimEnd()}\n${lines.join("")}${indent}${close.trimStart()}`;
}

function flat(value, style) {
  if (typeof value === "string") return style.text(value);
  if (value === null || typeof value !== "object") return style[value] ?? String(value);
  const [open, close] = edges(value, style);
  const inner = entries(value, style).map(([key, each]) => key + flat(each, style));
  return inner.length ? open + inner.join(", ") + close : open.trimEnd() + close.trimStart();
}

const edges = (value, style) => (Array.isArray(value) ? style.list : style.object(value));

function entries(value, style) {
  if (Array.isArray(value)) return value.map((each) => ["", each]);
  return Object.entries(value).map(([name, each]) => [style.key(name), each]);
}
