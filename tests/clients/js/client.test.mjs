import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Browser } from "./browser.mjs";

const message = (number, content = `message ${number}`) => ({ id: `e-${number}`, channel: null, content, time: number });

async function connected(options = {}, ...lacks) {
  const browser = new Browser(), tab = browser.tab(...lacks);
  const client = tab.connect("ws://h/ws", { share: false, ...options });
  await browser.run();
  tab.socket.welcome();
  await browser.run();
  return { browser, tab, client };
}

const states = (tab) => tab.seen.state.map(({ state }) => state);

test("a message is an object with its id, content, channel and time", async () => {
  const { browser, tab, client } = await connected({ channels: ["orders", "news.*"] });
  assert.equal(tab.socket.url, "ws://h/ws?format=json&confirm=1&channels=orders%2Cnews.*");
  tab.socket.tell({ ...message(1, { paid: true }), channel: "orders" });
  await browser.run();
  assert.deepEqual(structuredClone(tab.seen.message[0]), { id: "e-1", channel: "orders", content: { paid: true }, time: 1 });
  assert.equal(client.lastId, "e-1");
  assert.equal(client.state, "connected");
});

test("a name with a comma makes the channels a list", async () => {
  const { tab } = await connected({ channels: ["a,b", "c"] });
  assert.equal(tab.socket.query.get("channels"), '["a,b","c"]');
});

test("it knows the id of its connection, while it has one of its own", async () => {
  const { browser, tab, client } = await connected();
  tab.socket.tell({ type: "welcome", id: "e-0", complete: true, channels: [], connection: "1.2" });
  await browser.run();
  assert.equal(client.connection, "1.2");
  tab.socket.end();
  await browser.run();
  assert.equal(client.connection, "");
  const shared = await connected({ share: true });
  shared.tab.socket.tell({ type: "welcome", id: "e-0", complete: true, channels: [], connection: "1.2" });
  await shared.browser.run();
  assert.equal(shared.client.connection, "");
});

test("it comes back with the id of whatever came last, message or notice", async () => {
  const { browser, tab } = await connected({ last: 20 });
  assert.equal(tab.sockets[0].query.get("last"), "20");
  for (const item of [message(1), { type: "cursor", id: "e-7" }]) tab.socket.tell(item);
  tab.socket.end();
  await browser.run(2500);
  assert.equal(tab.sockets.length, 2);
  assert.equal(tab.socket.query.get("last_id"), "e-7");
  assert.equal(tab.socket.query.get("last"), null);
});

test("a gap is told, and the connection goes on", async () => {
  const { browser, tab } = await connected();
  tab.socket.tell({ type: "gap", id: "e-9", after: "e-0", reason: "history does not reach back far enough" });
  tab.socket.tell(message(10));
  await browser.run();
  assert.equal(tab.seen.gap[0].after, "e-0");
  assert.deepEqual(tab.contents, ["message 10"]);
});

for (const code of [1002, 1003, 1007, 1008, 1009, 1010, 4003]) {
  test(`after ${code} it never comes back, and says why`, async () => {
    const { browser, tab, client } = await connected();
    tab.socket.end(code, "thrown out");
    await browser.run(1e6);
    assert.deepEqual(tab.seen.closed.map((each) => ({ ...each })), [{ code, reason: "thrown out" }]);
    assert.equal(tab.sockets.length, 1);
    assert.equal(client.state, "closed");
  });
}

for (const code of [1000, 1001, 1006, 1011, 1012, 1013, 4008, 4029, 4999]) {
  test(`after ${code} it comes back, between half a second and two and a half later`, async () => {
    const { browser, tab } = await connected();
    tab.socket.end(code, "why");
    await browser.run(499);
    assert.equal(tab.sockets.length, 1);
    const { wait, ...said } = tab.seen.state.at(-1);
    assert.deepEqual({ ...said }, { state: "waiting", code, reason: "why" });
    await browser.run(2001);
    assert.equal(tab.sockets.length, 2);
    assert.ok(wait >= 500 && wait <= 2500);
  });
}

test("after 4008 it comes back without an id, and tells of a gap", async () => {
  const { browser, tab } = await connected();
  tab.socket.end(4008, "too far");
  await browser.run(2500);
  assert.equal(tab.socket.query.get("last_id"), null);
  assert.equal(tab.seen.gap[0].reason, "too far");
});

test("after 4001 it comes back at once, with a new token", async () => {
  let count = 0;
  const { browser, tab } = await connected({ token: async () => `token${++count}` });
  assert.deepEqual([...tab.socket.protocols], ["message-center.json", "message-center.token.token1"]);
  tab.socket.end(4001, "the token has expired");
  await browser.run();
  assert.equal(tab.sockets.length, 2);
  assert.deepEqual([...tab.socket.protocols], ["message-center.json", "message-center.token.token2"]);
  tab.socket.welcome();
  tab.socket.end(4001, "the token has expired");
  await browser.run(400);
  assert.equal(tab.sockets.length, 2, "a token that is no better does not make a storm");
});

test("after 4002 it comes back at once with a new token, and not with the one that was revoked", async () => {
  let count = 0;
  const asking = await connected({ token: async () => `token${++count}` });
  asking.tab.socket.end(4002, "the token was revoked");
  await asking.browser.run();
  assert.deepEqual([...asking.tab.socket.protocols], ["message-center.json", "message-center.token.token2"]);
  const fixed = await connected({ token: "token1" });
  fixed.tab.socket.end(4002, "the token was revoked");
  await fixed.browser.run(60000);
  assert.equal(fixed.tab.sockets.length, 1);
});

test("a token that cannot be had is asked for again later", async () => {
  const browser = new Browser(), tab = browser.tab();
  let fails = true;
  tab.connect("ws://h/", { token: () => { if (fails) throw new Error("backend away"); return "t"; } });
  await browser.run();
  assert.equal(tab.seen.state.at(-1).reason, "no token: backend away");
  fails = false;
  await browser.run(2500);
  assert.equal(tab.sockets.length, 1);
});

test("the wait doubles up to its bound, differs each time, and begins anew after a stable time", async () => {
  const { browser, tab } = await connected({ maxWait: 8000, socket: undefined }, "fetch");
  for (let tries = 0; tries < 12; tries++) {
    tab.socket.end();
    await browser.run(8000);
  }
  const waits = tab.seen.state.filter(({ wait }) => wait).map(({ wait }) => wait);
  waits.forEach((wait, tries) => {
    const most = Math.min(8000, 2500 * 2 ** tries);
    assert.ok(wait >= most / 5 && wait <= most, `${tries}: ${wait}`);
  });
  assert.equal(new Set(waits).size, 12);
  tab.socket.welcome();
  await browser.run(10001);
  tab.socket.end();
  await browser.run();
  assert.ok(tab.seen.state.at(-1).wait <= 2500);
});

test("a connection that does not open, or does not answer, is given up", async () => {
  const browser = new Browser(), tab = browser.tab();
  tab.connect("ws://h/", {});
  await browser.run(15000 + 2500);
  assert.equal(tab.sockets.length, 2);
  tab.socket.welcome();
  await browser.run(12500);
  assert.deepEqual(tab.socket.said, [{ subscribe: [] }]);
  await browser.run(5000);
  assert.ok(tab.sockets[1].isClosed);
  await browser.run(2500);
  assert.equal(tab.sockets.length, 3);
});

test("who asks again and again does not wait for longer", async () => {
  const { browser, tab } = await connected();
  for (let second = 0; second < 5; second++) {
    tab.fire("online");
    await browser.run(2500);
  }
  assert.ok(tab.sockets[0].isClosed);
});

test("a page that wakes looks at once: it asks, or tries again without waiting", async () => {
  const { browser, tab } = await connected();
  tab.fire("visibilitychange");
  await browser.run();
  assert.deepEqual(tab.socket.said, [{ subscribe: [] }]);
  tab.socket.tell({ type: "subscribed", id: "e-0", channels: [] });
  await browser.run(6000);
  assert.equal(tab.sockets.length, 1);
  tab.socket.end();
  await browser.run();
  tab.fire("online");
  await browser.run();
  assert.equal(tab.sockets.length, 2);
});

test("a page that is put away lets go of its connection, and resumes when it is shown again", async () => {
  const { browser, tab } = await connected();
  tab.socket.tell(message(3));
  await browser.run();
  tab.fire("pagehide");
  await browser.run(1e5);
  assert.equal(tab.open.length, 0);
  tab.fire("pageshow");
  await browser.run();
  assert.equal(tab.open.length, 1);
  assert.equal(tab.socket.query.get("last_id"), "e-3");
});

test("channels are changed over the open connection, and kept for the next", async () => {
  const { browser, tab, client } = await connected({ channels: ["a"] });
  client.subscribe("b");
  client.unsubscribe("a");
  await browser.run();
  assert.deepEqual(tab.socket.said, [{ subscribe: ["b"], unsubscribe: [] }, { subscribe: [], unsubscribe: ["a"] }]);
  tab.socket.end(); // Before the answers.
  await browser.run(2500);
  assert.equal(tab.socket.query.get("channels"), "b");
  tab.socket.welcome("e-0", ["b"]);
  await browser.run();
  client.subscribe("secrets");
  tab.socket.tell({ type: "error", error: "channel_forbidden", reason: "no" });
  tab.socket.end();
  await browser.run(2000);
  assert.equal(tab.seen.error[0].error, "channel_forbidden");
  assert.equal(tab.socket.query.get("channels"), "b");
});

test("a handler that fails is heard of, and disturbs no other", async () => {
  const { browser, tab, client } = await connected();
  client.on("message", () => { throw new Error("of the page"); });
  const seen = [], off = client.on("message", ({ id }) => seen.push(id));
  tab.socket.tell(message(1));
  await browser.run();
  off();
  tab.socket.tell(message(2));
  await browser.run();
  assert.deepEqual(seen, ["e-1"]);
  assert.deepEqual(browser.problems, ["of the page", "of the page"]);
});

test("an address that cannot be ends it", async () => {
  const browser = new Browser(), tab = browser.tab();
  tab.connect("nonsense", { socket: (url) => { throw new SyntaxError(`not ${url}`); } });
  await browser.run(1e5);
  assert.equal(tab.seen.closed[0].code, 0);
});

for (const [told, code] of [["state", 1006], ["gap", 4008]]) {
  test(`it can be closed by who is told of a ${told}`, async () => {
    const { browser, tab, client } = await connected();
    client.on(told, () => client.close());
    tab.socket.end(code);
    await browser.run(1e5);
    assert.deepEqual([tab.sockets.length, states(tab).at(-1)], [1, "closed"]);
  });
}

test("it can be closed by who is told that it connects", async () => {
  const browser = new Browser(), tab = browser.tab();
  const client = tab.connect("ws://h/", {});
  const off = client.on("state", ({ state }) => {
    if (state === "waiting") return;
    off();
    client.close();
  });
  await browser.run();
  tab.socket?.end();
  await browser.run(1e5);
  assert.equal(states(tab).at(-1), "closed");
  assert.equal(tab.open.length, 0);
});

test("closed is closed", async () => {
  const { browser, tab, client } = await connected();
  client.close();
  tab.fire("pageshow");
  await browser.run(1e5);
  assert.deepEqual([tab.sockets.length, tab.open.length, states(tab).at(-1)], [1, 0, "closed"]);
});

// ---- Server-Sent Events

const stream = () => {
  let feed;
  const body = new ReadableStream({ start: (control) => { feed = control; } });
  return { ok: true, status: 200, body, say: (text) => feed.enqueue(new TextEncoder().encode(text)), end: () => feed.close() };
};
const settled = async (browser) => { for (let turn = 0; turn < 5; turn++) await browser.run(); };

// As long as no WebSocket opens, and until so many streams of events were asked for.
async function untilEvents(browser, tab, count = 1) {
  for (let turn = 0; turn < 100 && tab.fetches.length < count; turn++) {
    if (tab.open.length) tab.socket.end();
    await browser.run(500);
  }
}

async function blocked(options = {}) {
  const browser = new Browser(), tab = browser.tab();
  tab.connect("https://h/ws?tenant=1", { share: false, ...options });
  await untilEvents(browser, tab);
  return { browser, tab };
}

test("where WebSockets never open, events come instead", async () => {
  const { browser, tab } = await blocked({ token: () => "t", channels: ["a"] });
  assert.deepEqual(tab.sockets.map(({ url }) => url), Array(2).fill("wss://h/ws?tenant=1&format=json&confirm=1&channels=a"));
  const [{ url, headers, answer }] = tab.fetches;
  assert.equal(url, "https://h/ws/events?tenant=1&format=json&confirm=1&channels=a");
  assert.deepEqual({ ...headers }, { Authorization: "Bearer t" });
  const events = stream();
  answer(events);
  events.say('retry: 1\nid: e-0\nevent: welcome\ndata: {"id":"e-0","complete":true,"channels":[]}\n\nid: e-1\nda');
  events.say('ta: {"id":"e-1","channel":null,"content":"消息\\n\\n","time":5}\n\n:\n\nid: e-4\n\n');
  await settled(browser);
  assert.deepEqual(tab.contents, ["消息\n\n"]);
  assert.equal(states(tab).at(-1), "connected");
  events.end();
  await settled(browser);
  await browser.run(10000);
  assert.ok(tab.fetches[1].url.endsWith("&last_id=e-4"), "events again, for a while");
});

test("after some minutes of events a WebSocket is tried again", async () => {
  const { browser, tab } = await blocked();
  const events = stream();
  tab.fetches[0].answer(events);
  events.say('id: e-0\nevent: welcome\ndata: {"id":"e-0","complete":true,"channels":[]}\n\n');
  await settled(browser);
  for (let minute = 0; minute < 6; minute++) {
    events.say(":\n\n");
    await settled(browser);
    await browser.run(60000);
  }
  assert.equal(tab.sockets.length, 3);
});

for (const [status, comes] of [[400, false], [401, false], [403, false], [429, true], [503, true]]) {
  test(`refused with ${status} it ${comes ? "comes back" : "ends, with the reason"}`, async () => {
    const { browser, tab } = await blocked({ token: "t" });
    tab.fetches[0].answer({ ok: false, status, json: async () => ({ msg: "because" }) });
    await settled(browser);
    if (comes) assert.equal(tab.seen.state.at(-1).reason, "because");
    else assert.deepEqual({ ...tab.seen.closed[0] }, { code: status, reason: "because" });
  });
}

test("a token that is refused is replaced once, and then it ends", async () => {
  const { browser, tab } = await blocked({ token: () => "t" });
  const refuse = async () => {
    tab.fetches.at(-1).answer({ ok: false, status: 401, json: async () => ({ msg: "expired" }) });
    await settled(browser);
  };
  await refuse();
  assert.equal(tab.seen.closed.length, 0);
  await browser.run();
  assert.equal(tab.sockets.length, 3, "at once, and a WebSocket first");
  await untilEvents(browser, tab, 2);
  await refuse();
  assert.equal(tab.seen.closed[0].code, 401);
});

test("where a WebSocket has worked before, it is tried again as soon as events would be answered", async () => {
  const { browser, tab } = await connected();
  await untilEvents(browser, tab);
  tab.fetches[0].answer(stream());
  await settled(browser);
  assert.equal(tab.open.length, 1);
  assert.ok(tab.fetches[0].signal.aborted);
});

test("a socket of another kind is used in place of a WebSocket", async () => {
  const browser = new Browser(), tab = browser.tab("WebSocket", "fetch", "AbortController", "BroadcastChannel", "navigator", "document", "addEventListener", "URL");
  const made = [];
  tab.connect("https://h/ws", { channels: [], socket: (url, protocols) => {
    made.push({ url, protocols, close() {} });
    return made.at(-1);
  } });
  await browser.run();
  made[0].onmessage({ data: JSON.stringify(message(1)) });
  assert.deepEqual([made[0].url, [...made[0].protocols]], ["wss://h/ws?format=json&confirm=1&channels=", []]);
  made[0].onclose({});
  await browser.run(2500);
  assert.equal(made[1].url, "wss://h/ws?format=json&confirm=1&channels=&last_id=e-1");
  assert.deepEqual(tab.contents, ["message 1"]);
});

test("a socket that tells of an error only is given up at once, and one that then closes counts once", async () => {
  const browser = new Browser(), tab = browser.tab("fetch");
  tab.connect("ws://h/");
  await browser.run();
  const [first] = tab.sockets;
  first.onerror({});
  first.onclose({ code: 1006, reason: "" });
  await browser.run(2500);
  assert.equal(tab.sockets.length, 2);
  assert.ok(first.isClosed);
  assert.deepEqual(tab.seen.state.map(({ state }) => state).filter((state) => state === "waiting"), ["waiting"]);
});

test("the adapter of the README lets it run on what mini-programs have", async () => {
  const readme = readFileSync(new URL("../../../clients/js/README.md", import.meta.url), "utf8");
  const adapter = readme.match(/```js\n(const socket = [^]*?\n};)\n/)[1];
  const tasks = [];
  const connectSocket = (options) => {
    const task = { ...options, said: [], send: ({ data }) => task.said.push(data), close: () => { task.isClosed = true; } };
    for (const name of ["Message", "Close", "Error"]) task[`on${name}`] = (act) => { task[name] = act; };
    tasks.push(task);
    return task;
  };
  const socket = new Function("wx", `${adapter}\nreturn socket;`)({ connectSocket });
  const browser = new Browser(), tab = browser.tab("WebSocket", "fetch", "BroadcastChannel", "navigator", "document", "addEventListener");
  const client = tab.connect("wss://h/", { socket, token: () => "t", share: "me" });
  await browser.run();
  assert.deepEqual([...tasks[0].protocols], ["message-center.json", "message-center.token.t"]);
  tasks[0].Message({ data: JSON.stringify({ type: "welcome", id: "e-0", complete: true, channels: [] }) });
  tasks[0].Message({ data: JSON.stringify(message(1)) });
  client.subscribe("a");
  assert.deepEqual([tab.contents, tasks[0].said], [["message 1"], ['{"subscribe":["a"],"unsubscribe":[]}']]);
  tasks[0].Error({ errMsg: "gone" });
  tasks[0].Close({ code: 1006 });
  await browser.run(2500);
  assert.equal(tasks.length, 2);
  tasks[1].Close({ code: 4003, reason: "thrown out" });
  assert.equal(tab.seen.closed[0].code, 4003);
});

test("what handlers have had is confirmed if a receipt is asked for, once a second at most", async () => {
  const { browser, tab } = await connected();
  const confirmed = () => tab.socket.said.map(({ confirm }) => confirm).filter(Boolean);
  tab.socket.tell(message(1));
  await browser.run(2000);
  assert.deepEqual(confirmed(), []);
  for (const number of [2, 3]) tab.socket.tell({ ...message(number), receipt: true });
  tab.socket.tell(message(4));
  await browser.run(10);
  assert.deepEqual(confirmed(), ["e-4"]);
  for (const number of [5, 6]) tab.socket.tell({ ...message(number), receipt: true });
  await browser.run(10);
  assert.deepEqual(confirmed(), ["e-4"]);
  await browser.run(1000);
  assert.deepEqual(confirmed(), ["e-4", "e-6"]);
  // From then on what is for the user is, too: else it would wait for the next page.
  for (const number of [7, 8]) tab.socket.tell({ ...message(number), channel: number > 7 ? "orders" : "user:1" });
  await browser.run(1000);
  assert.deepEqual(confirmed(), ["e-4", "e-6", "e-8"]);
  tab.socket.tell({ ...message(9), channel: "orders" });
  await browser.run(2000);
  assert.equal(confirmed().length, 3);
});

test("what handlers have had is confirmed when the server asks", async () => {
  const { browser, tab, client } = await connected();
  tab.socket.tell(message(1));
  tab.socket.tell({ type: "confirm" });
  await browser.run(10);
  assert.deepEqual(tab.socket.said, [{ confirm: "e-1" }]);
  assert.equal(client.lastId, "e-1");
});

test("nothing is confirmed over a connection that was cut", async () => {
  const { browser, tab } = await connected();
  tab.socket.tell({ ...message(1), receipt: true });
  tab.socket.end();
  await browser.run(100);
  assert.deepEqual(tab.sockets[0].said, []);
});
