// A browser for tests: tabs with a clock that only moves when told, locks, channels between tabs,
// and sockets that a test speaks through. Unrealistic: a task takes no time, and chance is the same in each run.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const source = readFileSync(new URL("../../../clients/js/client.js", import.meta.url), "utf8");
const script = new vm.Script(`${source.replace("export function", "function")}\nthis.connect = connect;`);

export class FakeSocket {
  constructor(tab, url, protocols) {
    Object.assign(this, { tab, url, protocols, said: [], isClosed: false });
    tab.sockets.push(this);
    tab.browser.onSocket?.(this);
  }

  get query() { return new URL(this.url.replace(/^ws/, "http")).searchParams; }

  send(text) {
    this.said.push(JSON.parse(text));
    this.onSaid?.(JSON.parse(text));
  }

  close() {
    this.isClosed = true;
    this.onLeft?.();
  }

  // What the server does. A page hears nothing of a socket that it has closed.
  tell(item) { this.tab.task(() => this.isClosed || this.onmessage?.({ data: JSON.stringify(item) })); }

  welcome(id = "e-0", channels = []) { this.tell({ type: "welcome", id, complete: true, channels }); }

  end(code = 1006, reason = "") {
    this.tab.task(() => {
      if (this.isClosed) return;
      this.isClosed = true;
      this.onclose?.({ code, reason });
    });
  }
}

class Tab {
  constructor(browser, lacks = []) {
    Object.assign(this, { browser, sockets: [], fetches: [], radios: new Set(), handlers: {}, queue: [] });
    this.isDead = this.isFrozen = false;
    const tab = this;
    const timer = (repeat) => (act, wait = 0, ...what) => {
      const mine = { at: browser.now + wait, act: () => act(...what), tab, wait: repeat && wait };
      browser.timers.push(mine);
      return mine;
    };
    const clear = (mine) => { browser.timers = browser.timers.filter((each) => each !== mine); };
    const listen = { addEventListener: (type, act) => { this.handlers[type] = act; }, removeEventListener() {} };
    const globals = {
      ...listen, document: { ...listen, hidden: false }, AbortController, URL, TextDecoderStream,
      setTimeout: timer(false), setInterval: timer(true), clearTimeout: clear, clearInterval: clear,
      Date: { now: () => browser.now },
      WebSocket: class extends FakeSocket { constructor(url, words) { super(tab, url, words); } },
      BroadcastChannel: class { constructor(name) { this.tab = tab; this.name = name; browser.radios.add(this); }
        postMessage(data) { browser.post(this, data); }
        close() { browser.radios.delete(this); } },
      navigator: { locks: { request: (name, options, act) => browser.request(tab, name, options, act) } },
      fetch: (url, options) => new Promise((answer, fail) => {
        options.signal.addEventListener("abort", () => fail(options.signal.reason));
        this.fetches.push({ url, ...options, answer, fail });
      }),
    };
    for (const name of lacks) delete globals[name];
    this.page = vm.createContext(globals);
    vm.runInContext("Math", this.page).random = browser.random;
    script.runInContext(this.page);
  }

  connect(url, options) {
    const client = this.page.connect(url, options);
    this.seen = { message: [], state: [], gap: [], closed: [], error: [] };
    for (const [type, list] of Object.entries(this.seen)) client.on(type, (what) => list.push(what));
    return client;
  }

  get socket() { return this.sockets.at(-1); }
  get open() { return this.sockets.filter((socket) => !socket.isClosed); }
  get contents() { return this.seen.message.map(({ content }) => content); }

  task(act) { this.browser.timers.push({ at: this.browser.now, act, tab: this }); }
  fire(type) { this.handlers[type]?.({}); }
  freeze() { this.isFrozen = true; }
  thaw() { this.isFrozen = false; }

  kill() {
    this.isDead = true;
    for (const socket of this.open) socket.close();
    for (const radio of this.browser.radios) if (radio.tab === this) this.browser.radios.delete(radio);
    this.browser.drop(this);
  }
}

// Chance that is the same for the same seed.
export function random(seed) {
  return () => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648;
  };
}

export class Browser {
  constructor() {
    Object.assign(this, { now: 1e12, timers: [], radios: new Set(), locks: new Map(), tabs: [], problems: [] });
    this.random = random(Number(process.env.JITTER ?? 1) * 7919); // JITTER=7 gives other waits.
  }

  tab(...lacks) {
    const tab = new Tab(this, lacks);
    this.tabs.push(tab);
    return tab;
  }

  post(from, data) {
    for (const radio of this.radios) {
      if (radio === from || radio.name !== from.name) continue;
      const copy = structuredClone(data);
      radio.tab.task(() => this.radios.has(radio) && radio.onmessage?.({ data: copy }));
    }
  }

  request(tab, name, { steal, signal }, act) {
    const lock = this.locks.get(name) ?? this.locks.set(name, { waiting: [] }).get(name);
    return new Promise((done, fail) => {
      const mine = { tab, act, done, fail };
      if (steal) {
        const had = lock.holder;
        lock.holder = undefined;
        had?.fail(Object.assign(new Error("stolen"), { name: "AbortError" }));
        lock.waiting.unshift(mine);
      } else lock.waiting.push(mine);
      signal?.addEventListener("abort", () => {
        if (!lock.waiting.includes(mine)) return;
        lock.waiting = lock.waiting.filter((each) => each !== mine);
        fail(Object.assign(new Error("aborted"), { name: "AbortError" }));
      });
      this.grant(lock);
    });
  }

  grant(lock) {
    if (lock.holder || !lock.waiting.length) return;
    const holder = (lock.holder = lock.waiting.shift());
    holder.tab.task(() => holder.act().then(() => {
      if (lock.holder === holder) lock.holder = undefined;
      holder.done();
      this.grant(lock);
    }));
  }

  drop(tab) {
    for (const lock of this.locks.values()) {
      lock.waiting = lock.waiting.filter((each) => each.tab !== tab);
      if (lock.holder?.tab === tab) lock.holder = undefined;
      this.grant(lock);
    }
  }

  // Everything that is due within so many milliseconds, in order; frozen tabs do nothing meanwhile.
  async run(time = 0) {
    const end = this.now + time;
    for (;;) {
      await new Promise(setImmediate);
      this.timers = this.timers.filter(({ tab }) => !tab.isDead);
      const next = this.timers.filter(({ tab, at }) => !tab.isFrozen && at <= end)
        .reduce((first, each) => (first && first.at <= each.at ? first : each), undefined);
      if (!next) break;
      this.now = Math.max(this.now, next.at);
      if (next.wait) next.at = this.now + next.wait;
      else this.timers.splice(this.timers.indexOf(next), 1);
      try { next.act(); } catch (problem) { this.problems.push(problem.message); }
    }
    this.now = end;
  }
}
