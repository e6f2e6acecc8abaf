// The words of the console: English, or Chinese where the browser prefers it.

import common from "./words/common.js";

export const LANGUAGE = navigator.languages?.[0]?.toLowerCase().startsWith("zh") ? "zh" : "en";

const NUMBERS = new Intl.NumberFormat(LANGUAGE === "zh" ? "zh-CN" : "en-GB");
const SHORT = new Intl.NumberFormat(LANGUAGE === "zh" ? "zh-CN" : "en-GB", { maximumFractionDigits: 1 });

/**
 * What speaks: `t("confirmed", {ms: 2})`. Each of `words` is `{en: {key: "… {ms} …"}, zh: {…}}`; a key that
 * a language lacks is said in English, and one that nobody knows as it stands.
 */
export function speaker(...words) {
  const all = [...words, common];
  const tables = [...all.map((each) => each[LANGUAGE]), ...all.map((each) => each.en)];
  return (key, values = {}) => {
    const text = tables.find((table) => table && key in table)?.[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  };
}

export const number = (value) => (value === null || value === undefined ? "–" : NUMBERS.format(value));

export const rate = (value) => (value === null || value === undefined ? "–" : SHORT.format(value));

const t = speaker();

/** A time span in its largest two units: "3 s", "2 min 5 s", "4 d 2 h". */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 10) return `${SHORT.format(seconds)} ${t("s")}`;
  const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  let rest = Math.round(seconds);
  const found = [];
  for (const [unit, size] of parts) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count) found.push(`${count} ${t(unit)}`);
    else if (found.length) break;
  }
  return found.slice(0, 2).join(" ");
}

export function bytes(count) {
  if (count === null || count === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) { count /= 1024; unit += 1; }
  return `${SHORT.format(count)} ${units[unit]}`;
}

/** The time of day with milliseconds, of milliseconds since 1970. */
export function clock(time) {
  const date = new Date(time);
  const two = (value) => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
