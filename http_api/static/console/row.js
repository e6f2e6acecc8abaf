// One message of the log as a row. Content is shown as text, JSON in readable form.

import { copyButton, fill, h } from "./dom.js";
import { clock, number } from "./words.js";

const LONGEST = 2000; // Characters that are shown at first, ...
const MOST_LINES = 24; // ... and lines.
const READABLE = 100000; // Characters of JSON that are made readable.
const DEEPEST = 50; // Levels of it: the API takes no more as a value, and each is indented further.
const NESTING = /"(?:[^"\\]|\\.)*"|[[{\]}]/g;
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** The text of content: itself, or its JSON. */
export function textOf(content) {
  return typeof content === "string" ? content : JSON.stringify(content);
}

/**
 * The object or list that a text is as JSON; undefined if it is none, if it is too long or too deep, or if a
 * number in it has more digits than JavaScript keeps: it would be pushed as another one.
 */
export function jsonOf(text) {
  if (!/^\s*[[{]/.test(text) || text.length > READABLE || isDeep(text)) return undefined;
  try {
    const value = JSON.parse(text);
    return [...text.matchAll(TOKEN)].every(([whole, string]) => string !== undefined || isKept(whole)) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isDeep(text) {
  let level = 0;
  return [...text.matchAll(NESTING)].some(([each]) => {
    if ("[{".includes(each)) level += 1;
    else if ("]}".includes(each)) level -= 1;
    return level > DEEPEST;
  });
}

const isKept = (number) => !/^-?\d{16,}$/.test(number) || Number.isSafeInteger(Number(number));

/**
 * The row of a message. `delay` is in milliseconds, or null if it was not seen as it came; `again(message)` is
 * called to push it once more; `mine` is the channel of this console; `whom(message)` are the elements that say to
 * whom it is, instead of the usual ones.
 */
export function messageRow(t, message, { delay, again, mine, whom = ({ to }) => recipients(t, to, mine) }) {
  return h("li", { class: "m", dataset: { id: message.id } },
    h("div", { class: "when" },
      h("time", { dateTime: new Date(message.time).toISOString() }, clock(message.time)),
      h("small", { title: message.id }, `…${message.id.slice(-9)}`)),
    h("div", { class: "to" }, whom(message), message.event ? h("small", { class: "event", title: message.event }, message.event) : null),
    body(t, message),
    h("em", { title: t("delay explained") }, delay === null ? "" : `${number(delay)} ${t("ms")}`),
    h("div", { class: "acts" },
      copyButton(t, () => JSON.stringify(message), "quiet"),
      again ? h("button", { type: "button", class: "quiet", onclick: () => again(message) }, t("push again")) : null));
}

function recipients(t, to, mine) {
  const names = to.length ? to.map((name) => (name === mine ? t("this console") : name)) : [t("everybody")];
  return [...names.slice(0, 3).map((name) => h("span", { class: "chip", title: name }, name)), others(names.slice(3))];
}

/** How many more there are; null if none. */
export function others(names) {
  return names.length ? h("span", { class: "dim", title: names.join(", ") }, `+${names.length}`) : null;
}

function body(t, message) {
  const value = typeof message.content === "string" ? jsonOf(message.content) : message.content;
  const isJson = value !== undefined && value !== null && typeof value === "object";
  const text = isJson ? JSON.stringify(value, null, 2) : textOf(message.content);
  const draw = isJson ? coloured : (some) => [some];
  const code = h("code", {}, draw(clipped(text)));
  const rest = text.length - clipped(text).length;
  if (!rest) return code;
  const more = h("button", {
    type: "button", class: "quiet",
    onclick: () => { fill(code, draw(text)); more.remove(); code.tabIndex = -1; code.focus(); },
  }, t("show all", { count: number(rest) }));
  return h("div", { class: "clipped" }, code, more);
}

function clipped(text) {
  const lines = text.slice(0, LONGEST).split("\n");
  return lines.slice(0, MOST_LINES).join("\n");
}

/** The parts of JSON, its names in another colour than its values. */
function coloured(text) {
  const found = [];
  let upto = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon] = match;
    found.push(text.slice(upto, match.index));
    const kind = colon !== undefined ? "name" : string !== undefined ? "text" : "value";
    found.push(h("span", { class: `json-${kind}` }, string ?? whole), colon ?? "");
    upto = match.index + whole.length;
  }
  found.push(text.slice(upto));
  return found;
}
