// What is judged on the page Health, of the figures alone. Nothing here touches the page or asks anything.

import { bytes, duration, number, rate } from "./words.js";

const SILENT = 5; // Seconds: a process says something every 2.
const PATIENCE = 5; // Times POLL_INTERVAL that a message may wait, ...
const AT_LEAST = 3; // ... but this many seconds: its age is known to about 2.

/**
 * The six checks: `{id, state, value, text, problems}`, each problem `{state, title}`. Their texts are in `text`.
 * `gone` are processes that were here when the page was opened, `slow` is whether clients were behind before, too.
 */
export function checks(t, { stats, about, listener, gone, slow }) {
  const parts = [redis, processes, queue, log, clients, browser];
  return parts.map((part) => judged(part(t, { stats, about, listener, gone, slow })));
}

/** Where a process is: its machine and its id there. */
export const place = ({ host, pid }) => `${host}:${pid}`;

/** What of: `{id, value, text, problems: [{state, title, text}], state}`; the worst of its problems is its state. */
function judged({ problems = [], state = "good", text = "", ...rest }) {
  const found = problems.filter(Boolean);
  const worst = ["bad", "warn"].find((each) => found.some((problem) => problem.state === each));
  return { ...rest, problems: found, state: worst ?? state, text: found.length ? found.map((each) => each.text).join(" ") : text };
}

function redis(t, { stats, about }) {
  const { ok, server, round_trip_ms: ms } = stats.redis;
  const { host, port, socket, kind } = about.redis;
  const where = socket ?? (host ? `${host}:${port}` : kind);
  return {
    id: "redis", value: ok ? `${server || "Redis"} · ${rate(ms)} ${t("ms")}` : t("no answer"), text: t("redis well", { where }),
    problems: [!ok && { state: "bad", title: t("redis away"), text: t("redis away, do", { where }) }],
  };
}

function processes(t, { stats, gone }) {
  const of = (kind) => stats.processes.filter((each) => each.kind === kind);
  const versions = [...new Set(stats.processes.map(({ version }) => version))];
  const silent = stats.processes.filter(({ age }) => age > SILENT);
  const deaf = stats.processes.filter((each) => each.deaf);
  const { ok } = stats.redis;
  return {
    id: "processes", state: ok ? "good" : "", value: ok ? t("how many processes", { ws: of("ws").length, http: of("http").length }) : "–",
    text: ok ? t("processes well", { version: versions[0] }) : t("unknown"),
    problems: [
      ok && !of("ws").length && { state: "bad", title: t("no ws"), text: t("no ws, do") },
      deaf.length && { state: "bad", title: t("deaf"), text: t("deaf, do", { names: deaf.map(place).join(", ") }) },
      gone.length && { state: "warn", title: t("gone"), text: t("gone, do", { names: gone.map((each) => `${each.kind} ${place(each)}`).join(", ") }) },
      silent.length && { state: "warn", title: t("silent"), text: t("silent, do", { names: silent.map(place).join(", ") }) },
      versions.length > 1 && { state: "warn", title: t("two versions"), text: t("two versions, do", { versions: versions.join(", ") }) },
    ],
  };
}

function queue(t, { stats, about }) {
  if (!stats.queue) return { id: "queue", state: "", value: "–", text: t("unknown") };
  const { length, oldest_seconds: oldest } = stats.queue;
  const told = stats.processes.map(({ settings }) => settings).filter(Boolean);
  const interval = told.length ? Math.max(...told.map(({ poll_interval: each }) => each)) : about.poll_interval;
  const late = oldest !== null && oldest > Math.max(PATIENCE * interval, AT_LEAST);
  const age = oldest === null ? "" : ` · ${t("oldest", { time: duration(oldest) })}`;
  const instant = told.length > 0 && told.every(({ delivery }) => delivery === "instant");
  return {
    id: "queue", value: t("so many wait", { count: number(length) }) + age,
    text: t(instant ? "queue instant" : "queue timer", { time: duration(interval) }),
    problems: [late && { state: "bad", title: t("queue late"), text: t("queue late, do", { time: duration(oldest), interval: duration(interval) }) }],
  };
}

function log(t, { stats }) {
  if (!stats.log) return { id: "log", state: "", value: "–", text: t("unknown") };
  const { length, span_seconds: span, limit, limit_reached: full, history_size: size, history_seconds: seconds, history_bytes: most } = stats.log;
  const values = { size: number(size), time: duration(seconds), span: duration(span), most: bytes(most) };
  const early = full && limit !== "HISTORY_SECONDS" ? (limit === "HISTORY_SIZE" ? "log early, do" : "log early of bytes, do") : "";
  return {
    id: "log", value: t(length === 1 ? "1 logged" : "so many logged", { count: number(length), span: values.span }),
    text: t(`log ${limit ?? "new"}${full ? " full" : ""}`, values),
    problems: [early && { state: "warn", title: t("log early"), text: t(early, values) }],
  };
}

function clients(t, { stats, slow }) {
  if (!stats.totals) return { id: "clients", state: "", value: "–", text: t("unknown") };
  const { connections, behind, rates } = stats.totals;
  return {
    id: "clients", value: t(connections === 1 ? "1 connected" : "so many connected", { count: number(connections), behind: number(behind) }),
    text: t("clients well", { rate: rate(rates.deliveries) }),
    problems: [slow && behind > 0 && { state: "warn", title: t("behind"), text: t("behind, do", { count: number(behind) }) }],
  };
}

function browser(t, { listener }) {
  const { state, words, delay } = listener;
  const title = { refused: "cannot listen", trying: "cannot listen now" }[state];
  const took = state === "live" && delay !== null ? ` · ${delay} ${t("ms")}` : "";
  return {
    id: "browser", state: state === "live" ? "good" : "", value: t(`can ${state}`) + took, text: words,
    problems: [title && { state: state === "refused" ? "bad" : "warn", title: t(title), text: words }],
  };
}

/** The cells of a process, in the order of its columns; undefined: there is none, for its kind. */
export function cells({ kind, version, uptime, connections, streams, rates, behind, memory }, t) {
  const formats = kind === "ws" ? ["text", "json", "text-events", "json-events"].map((each) => number(connections?.[each] ?? 0))
    : [t(streams === 1 ? "1 stream" : "so many streams", { count: number(streams ?? 0) })];
  const pace = (value) => (value < 100 ? rate(value) : number(Math.round(value)));
  const some = (value, how) => (value === undefined ? "" : how(value));
  return [version, duration(uptime), ...formats, some(rates.pushes, pace), some(rates.settled, pace), some(rates.deliveries, pace),
    some(behind, number), bytes(memory)];
}
