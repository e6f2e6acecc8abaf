// The HTTP API as the console speaks it: requests with the token of this tab, and streams that resume.

import { tab } from "./storage.js";

const PATIENCE = 10000; // Milliseconds for an answer.
const SILENCE = 15000; // A stream says something every 5 s.
const UNSEEN = 10000; // Milliseconds after which a hidden tab gives its stream up: a browser has six connections for all tabs.
const HIDDEN = "HiddenError";
const FIRST_WAIT = 300, LONGEST_WAIT = 5000; // Milliseconds before a stream is opened anew.

/** The API has refused: `status`, and of its answer `error`, `reason` and perhaps `index`. */
export class Refusal extends Error {
  constructor(status, { error = "", msg = "", index } = {}) {
    super(msg || `HTTP ${status}`);
    Object.assign(this, { status, error, index });
  }
}

export class Api extends EventTarget {
  /** Fires `unauthorized` when a token is asked for that was not there, or was wrong. */
  constructor() {
    super();
    const base = new URL(".", document.baseURI);
    base.username = base.password = ""; // Those of a proxy: with them nothing can be fetched, and they are for no code.
    this.base = base.href;
    this.token = tab.get("token");
  }

  /** For this tab only, and never in an address. */
  useToken(token) {
    this.token = token;
    tab.set("token", token);
  }

  /** The address of a path, without a slash at the end of the whole. */
  address(path = "") {
    return (this.base + path).replace(/\/$/, "");
  }

  /**
   * The answer as a value. `query` may hold undefined values, which are left out.
   * Throws Refusal, or TypeError, SyntaxError or DOMException if there is no answer.
   */
  async ask(path, { query = {}, method = "GET", body, signal } = {}) {
    const headers = this.#headers();
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const patience = AbortSignal.timeout(PATIENCE);
    const response = await fetch(this.base + path + asQuery(query), {
      method, headers, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
    return this.#read(response);
  }

  get(path, query, signal) { return this.ask(path, { query, signal }); }

  post(path, body) { return this.ask(path, { method: "POST", body }); }

  remove(path) { return this.ask(path, { method: "DELETE" }); }

  /**
   * Messages as they enter the log. `on` has `message(message)`, `gap(gap)`, `open({complete, away})` each time
   * it is connected (`away`: milliseconds without it, 0 at first), and `lost(problem)`. Returns what ends it.
   */
  follow(query, on) {
    const ending = new AbortController();
    this.#follow(query, on, ending.signal);
    return () => ending.abort();
  }

  async #follow(query, on, signal) {
    let lastId = "", wait = FIRST_WAIT, lostAt = 0;
    const heed = (event) => {
      if (event.id !== undefined) lastId = event.id;
      if (event.name === "welcome") {
        const { complete } = JSON.parse(event.data);
        on.open?.({ complete, away: lostAt ? Date.now() - lostAt : 0 });
        wait = FIRST_WAIT;
        lostAt = 0;
      } else if (event.data) on[event.name]?.(JSON.parse(event.data));
    };
    while (!signal.aborted) {
      await untilSeen(signal);
      try {
        await this.#stream(lastId ? { ...query, last: undefined } : query, lastId, heed, signal);
      } catch (problem) {
        if (signal.aborted) return;
        if (problem.name === HIDDEN) continue; // It goes on when somebody looks again.
        if (!lostAt) { lostAt = Date.now(); }
        on.lost?.(problem);
        if (problem instanceof Refusal && problem.status < 500 && problem.status !== 429) return;
        await pause(wait * (0.5 + Math.random() / 2), signal);
        wait = Math.min(wait * 2, LONGEST_WAIT);
      }
    }
  }

  /** One answer, to its end: a stream ends by itself from time to time, and is opened anew at once. */
  async #stream(query, lastId, heed, signal) {
    const ending = new AbortController();
    const hide = whileHidden(() => ending.abort(new DOMException("nobody looks", HIDDEN)));
    const silent = () => ending.abort(new DOMException("the server is silent", "TimeoutError"));
    let timer = setTimeout(silent, SILENCE);
    try {
      const response = await fetch(`${this.base}messages/events${asQuery(query)}`, {
        headers: { ...this.#headers(), ...(lastId ? { "Last-Event-ID": lastId } : {}) },
        cache: "no-store", signal: AbortSignal.any([signal, ending.signal]),
      });
      if (!response.ok) await this.#read(response);
      const read = events(heed);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(silent, SILENCE);
        read(value);
      }
    } finally {
      clearTimeout(timer);
      hide();
    }
  }

  #headers() {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {};
  }

  async #read(response) {
    const answer = await response.json().catch((problem) => {
      if (response.ok) throw problem; // It was cut short, or it is somebody else's.
      return {};
    });
    if (response.ok && (answer.code ?? 0) === 0) return answer;
    if (response.status === 401) this.dispatchEvent(new Event("unauthorized"));
    throw new Refusal(response.status, answer);
  }
}

/** Takes pieces of an event stream, and hands out `{name, data, id}`; `id` is undefined if there was none. */
export function events(heed) {
  let rest = "", name = "", data = [], id;
  const line = (text) => {
    if (!text) {
      if (data.length || id !== undefined) heed({ name: name || "message", data: data.join("\n"), id });
      name = "";
      data = [];
      id = undefined;
      return;
    }
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    else if (field === "data") data.push(value);
    else if (field === "id") id = value;
  };
  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop();
    lines.forEach((each) => line(each.replace(/\r$/, "")));
  };
}

function asQuery(query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

function pause(time, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, time);
    signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
  });
}

/** Resolves when the tab is seen. */
function untilSeen(signal) {
  return new Promise((done) => {
    if (!document.hidden || signal.aborted) return done();
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      done();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look, { once: true });
  });
}

/** Calls `act` when the tab has been hidden for some time. Returns what ends it. */
function whileHidden(act) {
  let timer;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(act, UNSEEN);
  };
  document.addEventListener("visibilitychange", look);
  look();
  return () => { clearTimeout(timer); document.removeEventListener("visibilitychange", look); };
}
