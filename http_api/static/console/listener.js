// An ordinary listener on a channel that only this console has. It shows whether pages can listen, and if
// not, why, in words: a browser itself tells a page nothing of a WebSocket that was refused.

import { say } from "./dom.js";
import { tab } from "./storage.js";
import { speaker } from "./words.js";
import words from "./words/listener.js";

const PATIENCE = 5000; // Milliseconds for an answer to why a connection was refused.
const AGAIN = 2000; // Milliseconds until the client is asked for once more.
const RENEWED = 600; // Seconds that a token of the console's own is good for.
const t = speaker(words);

/** The addresses at which pages listen: as the server says, or this host with the port of the other one. */
export function addresses(about) {
  const secure = location.protocol === "https:" ? "s" : "";
  const socket = about.listen.url ?? `ws${secure}://${location.hostname}:${about.listen.port}/`;
  return { socket, events: about.listen.events ?? `${socket.replace(/^ws/, "http").replace(/\/?$/, "")}/events` };
}

/**
 * `state` is one of connecting, live, trying, refused and token (pages need one that nobody here can make);
 * `words` says it. Fires `change` with each of them, and `message` with what came (`detail`).
 */
export class Listener extends EventTarget {
  constructor(app, pill) {
    super();
    this.app = app;
    this.channel = ownChannel();
    this.addresses = addresses(app.about);
    this.delay = null; // Milliseconds of the last message.
    this.turn = 0; // Counts changes: an answer that comes too late is not said.
    this.pill = pill;
    this.#become("connecting");
  }

  async start() {
    const { about, api } = this.app;
    if (about.listen.tokens !== "none" && !about.signs) return this.#become("token");
    if (isMixed(this.app.about)) return this.#become("refused", t("mixed"));
    const token = about.listen.tokens === "none" ? undefined
      : async () => (await api.post("tokens", { channels: [this.channel], seconds: RENEWED })).token;
    const { connect, problem } = await import(`${api.base}client.js`).catch((problem) => ({ problem }));
    if (problem) {
      setTimeout(() => this.start(), AGAIN);
      return this.#become("trying", t("no client", { problem: problem.message }));
    }
    const center = connect(this.addresses.socket, { channels: [this.channel], token, share: false, firstWait: 500, maxWait: 10000 });
    center.on("state", ({ state, code, reason }) => this.#follow(state, code, reason));
    center.on("closed", ({ code, reason }) => this.#explain(code, reason, "refused"));
    center.on("message", (message) => this.#hear(message));
    this.center = center;
  }

  #follow(state, code, reason) {
    if (state === "connected") this.#become("live");
    else if (state === "waiting") this.#explain(code, reason, "trying");
  }

  async #explain(code, reason, state) {
    const told = reason ? t("closed", { reason, code }) : t("lost");
    // While it tries again for the same reason, that is not taken back and said anew each time.
    this.#become(state, this.state === state && !reason ? this.words : told);
    const { turn } = this;
    const why = code === 1006 || !reason ? await whyRefused(this.app, { channels: [this.channel] }) : null;
    if (why && turn === this.turn) this.#become(state, why);
  }

  #hear(message) {
    this.delay = Math.max(0, Math.round(Date.now() + this.app.ahead - message.time));
    if (this.state === "live") this.#show();
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  #become(state, text) {
    this.turn += 1;
    this.state = state;
    const { host } = new URL(this.addresses.socket);
    this.words = text ?? t(`is ${state}`, { address: this.addresses.socket, host });
    this.#show();
    this.dispatchEvent(new Event("change"));
  }

  #show() {
    const { host } = new URL(this.addresses.socket);
    const delay = this.delay === null ? "" : ` · ${this.delay} ${t("ms")}`;
    this.pill.dataset.state = this.state;
    this.pill.title = this.words;
    say(this.pill.querySelector("span"), t(`pill ${this.state}`, { host }) + (this.state === "live" ? delay : ""));
  }
}

/** A channel that nobody else can guess, and no wildcard matches; the same until the tab is closed. */
function ownChannel() {
  const made = `console-${crypto.getRandomValues(new BigUint64Array(2)).join("-")}`;
  const channel = tab.get("channel") || made;
  tab.set("channel", channel);
  return channel;
}

/**
 * A GET of the same address is refused for the same reason, which can be read if the page may listen at all.
 * Without a `token` nothing is said of one that is missing; "" stands for none.
 */
export async function whyRefused({ about, stats }, { channels, token }) {
  const { socket } = addresses(about);
  const url = `${socket.replace(/^ws/, "http")}${channels.length ? `?${new URLSearchParams({ channels })}` : ""}`;
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const ask = (options) => fetch(url, { signal: AbortSignal.timeout(PATIENCE), cache: "no-store", ...options });
  try {
    const answer = await ask({ headers });
    if (answer.status === 426) return t("goes", { socket }); // It would be taken now.
    const { msg, error } = await answer.json();
    if (!error) return t("no listener there", { socket, status: answer.status });
    const isExpected = answer.status === 401 && token === undefined;
    return isExpected ? null : t("refused because", { reason: msg, error, status: answer.status });
  } catch {
    const { origins, url: named } = about.listen;
    if (origins && !origins.includes(location.origin)) return t("origin", { origin: location.origin });
    const answers = await ask({ mode: "no-cors" }).then(() => true, () => false);
    if (answers) return t("origin perhaps", { origin: location.origin, socket });
    if (!stats?.processes.some(({ kind }) => kind === "ws")) return t("not there", { socket });
    return t(named ? "not reached as named" : "not reached", { socket });
  }
}

/** Whether the browser lets this page open the address of the WebSocket server at all. */
export const isMixed = (about) => location.protocol === "https:" && addresses(about).socket.startsWith("ws:");
