// The client of message-center: messages of some channels, each once and in order, over one
// connection for all tabs of a browser. Types: client.d.ts. License: MIT.

// Who is told one of these does not come back: what HTTP refuses, and docs/reference.md, "Close codes".
const FOR_GOOD = [400, 403, 1002, 1003, 1007, 1008, 1009, 1010, 4003];
const EXPIRED = 4001, REVOKED = 4002, GAP = 4008, CUT_OFF = 1006, UNAUTHORIZED = 401;
// Milliseconds: after so long a connection is stable, ...
const STABLE = 10000;
// ... that much an answer may take, a new connection, and a leading tab; ...
const ANSWER = 5000, OPENING = 15000, LEADER = 3000;
// ... a server pings a stream of events more often; and for so long they replace WebSockets that fail.
const SILENCE = 90000, EVENTS = 300000;
// What handlers have had is confirmed once in so long at most, if a receipt is asked for, or by the server.
const CONFIRM = 1000;

export function connect(url, options = {}) {
  const { token, last = 0, share = !token, firstWait = 2500, maxWait = 30000, pulse = 30000 } = options;
  const page = globalThis, asks = typeof token === "function", handlers = {};
  const [path, query] = (page.location ? new URL(url, page.location).href : url).split("#")[0].split("?");
  let { channels, lastId: at = "" } = options;
  let state = "connecting", granted = [], mine, ended;
  // The tabs: `joined` is this one's part in the group, `heard` where the leader is.
  let joined, radio, leading, unlock, heard, told, silence, nudge, beat;
  // The own connection: `turn` tells the one in use from those before, `due` is when to try again.
  let link, turn = 0, live = 0, pending = 0, heardAt, doubt, timer, due = 0;
  let tries = 0, misses = 0, worked, denied, eventsUntil = 0, owing, confirmed = 0;

  const emit = (type, what) => {
    for (const handler of [...(handlers[type] ?? [])]) {
      // An error of the page is shown in its console, and stops nobody else.
      try { handler(what); } catch (problem) { setTimeout(() => { throw problem; }); }
    }
  };

  const announce = (items = [], prev = at) => {
    if (leading) radio?.postMessage({ prev, items, at, state, granted });
  };

  const tell = (now, more) => {
    if (now === state) return;
    state = now;
    announce();
    emit("state", { state, ...more });
  };

  const show = (items) => items.forEach((item) => emit(item.type ?? "message", item));

  // ---- The own connection

  // The first question counts: who asks again does not wait for longer.
  const expect = (time) => { doubt ||= setTimeout(lost, time, CUT_OFF, "no answer"); };

  const hope = () => { doubt = clearTimeout(doubt); };

  const say = (command) => {
    pending++;
    link.send(JSON.stringify(command));
  };

  function confirm() {
    owing = 0;
    confirmed = Date.now();
    // It is not answered.
    if (live) link.send?.(JSON.stringify({ confirm: at }));
  }

  function hang() {
    const old = link;
    turn++;
    link = live = pending = due = 0;
    hope();
    clearTimeout(timer);
    old?.close?.();
  }

  async function dial() {
    hang();
    const mine = turn;
    const heed = (act) => (...what) => mine === turn && act(...what);
    link = {};
    tell("connecting");
    // Whoever is told something may close all this.
    if (mine !== turn) return;
    expect(OPENING);
    let key = token;
    try {
      if (asks) key = await token();
    } catch (problem) {
      return heed(lost)(CUT_OFF, `no token: ${problem?.message ?? problem}`);
    }
    if (mine !== turn) return;
    // Twice a WebSocket, then events, which also say why a client is refused; and so on.
    const events = page.fetch && !options.socket && (Date.now() < eventsUntil || misses % 3 === 2);
    const asked = [
      // In a list a comma is part of a name.
      query, "format=json&confirm=1", channels && `channels=${encodeURIComponent(/,/.test(channels.join?.("")) ? JSON.stringify(channels) : channels)}`,
      at ? `last_id=${encodeURIComponent(at)}` : last && `last=${last}`,
    ].filter(Boolean).join("&");
    const place = (events ? path.replace(/\/?$/, "/events") : path).replace(/^(ws|http)/, events ? "http" : "ws");
    try {
      link = (events ? openEvents : openSocket)(`${place}?${asked}`, key, heed(hear), heed(lost), heed);
    } catch (problem) {
      finish(0, problem.message);
    }
  }

  function openSocket(target, key, hear, end) {
    const make = options.socket ?? ((to, words) => new WebSocket(to, words));
    const socket = make(target, key ? ["message-center.json", `message-center.token.${key}`] : []);
    socket.onmessage = ({ data }) => hear(JSON.parse(data));
    socket.onclose = ({ code, reason }) => end(code, reason);
    // To Node before version 24, a handshake that fails is an error only.
    socket.onerror = () => end();
    return { send: (text) => socket.send(text), close: () => socket.close() };
  }

  // Not an EventSource: that one puts the token into the address, and does not say why it is refused.
  function openEvents(target, key, hear, end, heed) {
    const control = new AbortController();
    const read = async () => {
      const headers = key ? { Authorization: `Bearer ${key}` } : {};
      const answer = await fetch(target, { headers, signal: control.signal, cache: "no-store" });
      if (!answer.ok) return end(answer.status, (await answer.json()).msg);
      // The server is there. If a WebSocket has worked before, another one is tried.
      if (worked) return heed(() => { worked = 0; misses++; dial(); })();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; ;) {
        const { done, value } = await reader.read();
        if (done) return end();
        const blocks = (text + value).split("\n\n");
        text = blocks.pop();
        for (const block of blocks) {
          const field = (name) => block.match(`(?:^|\n)${name}: (.*)`)?.[1];
          const data = field("data"), type = field("event");
          hear(data ? { ...(type && { type }), ...JSON.parse(data) } : { type: "cursor", id: field("id") });
        }
      }
    };
    read().catch(() => end());
    return { close: () => control.abort() };
  }

  function hear(item) {
    const prev = at, { type } = item;
    hope();
    heardAt = Date.now();
    at = item.id || at;
    if (type === "welcome") {
      live = heardAt;
      granted = item.channels;
      mine = item.connection;
      denied = 0;
      if (link.send) {
        misses = eventsUntil = 0;
        worked = 1;
      } else eventsUntil = live + EVENTS;
    } else if (type === "subscribed" || type === "error") {
      granted = item.channels ?? granted;
      if (!--pending && channels) channels = granted;
    }
    const items = !type || type === "gap" ? [item] : [];
    // Before the page gets it: that may change it.
    if (items[0] || prev !== at) announce(items, prev);
    if (type === "welcome") tell("connected", { complete: item.complete });
    else if (items[0] || type === "error") show([item]);
    // And what waits for a user, if the page is not there, is what was not confirmed.
    const asks = item.receipt || type === "confirm" || (confirmed && item.channel?.startsWith("user:"));
    if (asks) owing ||= setTimeout(confirm, Math.max(0, confirmed + CONFIRM - Date.now()));
    settle();
  }

  function lost(code = CUT_OFF, reason = "") {
    if (!live) misses++;
    else if (Date.now() - live > STABLE) tries = 0;
    hang();
    const refused = [UNAUTHORIZED, REVOKED].includes(code);
    if (FOR_GOOD.includes(code) || (refused && (denied || !asks))) return finish(code, reason);
    if (code === GAP) {
      const gap = { type: "gap", id: "", after: at, reason };
      at = "";
      announce([gap], gap.after);
      show([gap]);
      if (!joined) return;
    }
    if (refused) denied = misses = 1;
    const soon = refused || (code === EXPIRED && !tries);
    // Not all clients of a server in the same moment.
    const wait = soon ? 0 : Math.min(maxWait, firstWait * 2 ** tries) * (0.2 + 0.8 * Math.random());
    tries++;
    due = Date.now() + wait;
    timer = setTimeout(dial, wait);
    tell("waiting", { code, reason, wait });
  }

  function finish(code, reason) {
    // Who was thrown out stays out in all tabs. A refused token is not that of the others.
    if (leading && code > 999) radio?.postMessage({ end: [code, reason] });
    close();
    emit("closed", { code, reason });
  }

  function check() {
    if (due || (live && !link.send)) dial();
    else if (live) {
      say({ subscribe: [] });
      expect(ANSWER);
    }
  }

  // ---- The tabs: one leads, the others hear from it.

  // In step with the leader, a tab needs no connection of its own.
  function settle() {
    if (!radio || leading || !(link || due) || heard !== at) return;
    hang();
    tell(told);
  }

  function listen(data) {
    if (data.ask) {
      if (!leading) return;
      // Timers of a hidden tab come late, and it does not see that the browser wakes.
      if (data.wakes || (due && Date.now() >= due)) check();
      return announce();
    }
    if (leading) return;
    if (data.end) return finish(...data.end);
    const { prev, items } = data;
    calm();
    if (data.state !== "connected") nudge = setTimeout(ask, 2000);
    heard = data.at;
    told = data.state;
    if (link || due) return settle();
    if (!at && !last) at = prev;
    const from = prev === at ? 0 : items.findIndex(({ id }) => id === at) + 1 || -1;
    // Something is missing: it comes over a connection of this tab.
    if (from < 0) return dial();
    granted = data.granted;
    for (const item of items.slice(from)) {
      at = item.id;
      show([item]);
    }
    at = data.at;
    if (joined) tell(data.state);
  }

  function calm() {
    silence = clearTimeout(silence);
    clearTimeout(nudge);
  }

  function ask(wakes) {
    if (!radio || leading) return;
    radio.postMessage({ ask: 1, wakes });
    // A leader that does not answer is frozen, and keeps its lock.
    silence ||= setTimeout(claim, LEADER, true);
  }

  function claim(steal) {
    const mine = joined;
    silence = 0;
    let stolen;
    const lead = () => new Promise((release) => {
      if (mine !== joined || stolen) return release();
      leading = true;
      unlock = release;
      calm();
      if (link || due) announce();
      else dial();
    });
    page.navigator.locks.request(mine.name, steal ? { steal } : { signal: mine.signal }, lead).catch((problem) => {
      stolen = true;
      if (mine !== joined) return;
      leading = problem.name !== "AbortError";
      if (leading) alone();
      else if (!steal) claim();
    });
  }

  function alone() {
    radio?.close();
    radio = undefined;
    leading = true;
    if (!(link || due)) dial();
  }

  function join() {
    if (joined || ended) return;
    joined = {};
    beat = setInterval(() => {
      ask();
      if (live && (link.send || Date.now() > eventsUntil || Date.now() - heardAt > SILENCE)) check();
    }, pulse);
    if (!share || !page.BroadcastChannel || !page.navigator?.locks) return alone();
    const control = new AbortController();
    const name = JSON.stringify(["message-center", path, query, channels && [...channels].sort(), last, share]);
    joined = { name, signal: control.signal, abort: () => control.abort() };
    radio = new BroadcastChannel(name);
    radio.onmessage = ({ data }) => listen(data);
    claim();
    ask();
  }

  function leave() {
    if (!joined) return;
    hang();
    calm();
    clearInterval(beat);
    radio?.close();
    joined.abort?.();
    unlock?.();
    joined = radio = leading = unlock = heard = undefined;
  }

  function change(add, remove) {
    channels = [...new Set([...(channels ?? granted), ...add])].filter((name) => !remove.includes(name));
    if (radio) {
      leave();
      Promise.resolve().then(join);
    } else if (live && link.send) say({ subscribe: add, unsubscribe: remove });
    else if (link) dial();
  }

  // ---- The page

  const wake = () => {
    ask(1);
    check();
  };
  const events = [
    [page, "online", wake], [page, "pagehide", leave], [page, "pageshow", join],
    [page.document, "visibilitychange", () => page.document.hidden || wake()],
    [page.document, "freeze", leave], [page.document, "resume", join],
  ];

  function close() {
    ended = 1;
    leave();
    for (const [target, type, act] of events) target?.removeEventListener?.(type, act);
    tell("closed");
  }

  for (const [target, type, act] of events) target?.addEventListener?.(type, act);
  // Later, so that the page can say first what it wants to be told.
  Promise.resolve().then(join);

  return {
    on(type, handler) {
      (handlers[type] ??= new Set()).add(handler);
      return () => handlers[type].delete(handler);
    },
    subscribe: (...names) => change(names, []),
    unsubscribe: (...names) => change([], names),
    wake,
    close,
    get state() { return state; },
    get lastId() { return at; },
    get connection() { return live && !radio && mine || ""; },
  };
}
