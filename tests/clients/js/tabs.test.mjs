// One connection for all tabs, on a server that keeps a log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser, random } from "./browser.mjs";

// Gives each socket what comes after its `last_id`, then what is pushed. An id that it never gave is a fault.
class Server {
  constructor(browser) {
    Object.assign(this, { log: [], isUp: true, count: 0, most: 0 });
    this.browser = browser;
    this.sockets = new Set();
    browser.onSocket = (socket) => this.meet(socket);
  }

  meet(socket) {
    socket.onLeft = () => this.sockets.delete(socket);
    socket.onSaid = () => socket.tell({ type: "subscribed", id: this.head, channels: [] });
    if (!this.isUp) return socket.end();
    const id = socket.query.get("last_id") || this.head;
    assert.ok(id === "e-0" || this.log.some((each) => each.id === id), `no such id: ${id}`);
    socket.welcome(id);
    for (const item of this.log.slice(this.log.findIndex((each) => each.id === id) + 1)) socket.tell(item);
    this.sockets.add(socket);
  }

  get head() { return this.log.at(-1)?.id ?? "e-0"; }

  push() {
    const number = this.log.length + 1;
    this.log.push({ id: `e-${number}`, channel: null, content: `message ${number}`, time: number });
    for (const socket of this.sockets) socket.tell(this.log.at(-1));
  }

  cut() {
    for (const socket of this.sockets) socket.end();
    this.sockets.clear();
  }
}

async function tabs(count, options = {}) {
  const browser = new Browser(), server = new Server(browser);
  const all = Array.from({ length: count }, () => browser.tab());
  for (const tab of all) tab.client = tab.connect("ws://h/", options);
  await browser.run();
  return { browser, server, all };
}

const open = (all) => all.flatMap((tab) => tab.open);
const leader = (all) => all.find((tab) => tab.open.length);
const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, each) => `message ${from + each}`);

test("eight tabs have one connection, and each gets each message", async () => {
  const { browser, server, all } = await tabs(8);
  for (let count = 0; count < 20; count++) server.push();
  await browser.run();
  assert.equal(all.flatMap((tab) => tab.sockets).length, 1);
  for (const tab of all) assert.deepEqual(tab.contents, numbers(1, 20));
  for (const tab of all) assert.equal(tab.client.state, "connected");
});

test("the leading tab is killed: another one goes on, nothing is missed and nothing doubled", async () => {
  const { browser, server, all } = await tabs(8);
  server.push();
  await browser.run();
  leader(all).kill();
  server.push(); // While nobody is connected.
  await browser.run(1000);
  server.push();
  await browser.run();
  const others = all.filter((tab) => !tab.isDead);
  assert.equal(open(others).length, 1);
  for (const tab of others) assert.deepEqual(tab.contents, numbers(1, 3));
});

test("a leading tab that is frozen keeps its lock, and loses it to one that asks", async () => {
  const { browser, server, all } = await tabs(3);
  const frozen = leader(all);
  frozen.freeze();
  server.push();
  await browser.run(31000 + 3000);
  const others = all.filter((tab) => tab !== frozen);
  for (const tab of others) assert.deepEqual(tab.contents, numbers(1, 1));
  assert.equal(open(others).length, 1);
  frozen.thaw();
  await browser.run(1000);
  server.push();
  await browser.run(40000);
  for (const tab of all) assert.deepEqual(tab.contents, numbers(1, 2));
  assert.equal(open(all).length, 1);
});

test("tabs that ask again and again do not wait for longer", async () => {
  const { browser, all } = await tabs(2, { pulse: 1000 });
  const frozen = leader(all), other = all.find((tab) => tab !== frozen);
  frozen.freeze();
  await browser.run(5000);
  assert.equal(other.open.length, 1);
});

test("a page that comes back from the cache of the browser gets what it missed", async () => {
  const { browser, server, all } = await tabs(3);
  const away = all.find((tab) => !tab.open.length);
  away.fire("pagehide");
  server.push();
  server.push();
  await browser.run(1000);
  assert.deepEqual(away.contents, []);
  away.fire("pageshow");
  await browser.run(100);
  assert.deepEqual(away.contents, numbers(1, 2));
  assert.equal(open(all).length, 1, "in step again, it needs no connection of its own");
});

test("a page that is put away holds and waits for no lock", async () => {
  const { browser, all } = await tabs(3);
  for (const tab of all) tab.fire("pagehide");
  await browser.run();
  assert.deepEqual([...browser.locks.values()], [{ waiting: [], holder: undefined }]);
  assert.equal(browser.radios.size, 0);
});

test("tabs with other channels, another user or a token of nobody are not mixed", async () => {
  const browser = new Browser(), server = new Server(browser);
  const kinds = [{}, { channels: ["a"] }, { channels: ["b", "a"] }, { channels: ["a", "b"] }, { token: "t" }, { token: "t" },
    { token: "t", share: "42" }, { token: "u", share: "42" }, { token: "u", share: "7" }];
  const all = kinds.map((kind) => { const tab = browser.tab(); tab.connect("ws://h/", kind); return tab; });
  await browser.run();
  assert.equal(open(all).length, 7);
  assert.equal(server.sockets.size, 7);
});

test("a tab that changes its channels leaves the others, and misses nothing", async () => {
  const { browser, server, all } = await tabs(3, { channels: ["a"] });
  server.push();
  await browser.run();
  const changed = leader(all);
  changed.client.subscribe("b");
  server.push();
  await browser.run(1000);
  assert.equal(changed.socket.query.get("channels"), "a,b");
  for (const tab of all) assert.deepEqual(tab.contents, numbers(1, 2));
  assert.equal(open(all).length, 2);
});

test("who is thrown out stays out in all tabs", async () => {
  const { browser, all } = await tabs(3);
  leader(all).socket.end(4003, "thrown out");
  await browser.run(1e5);
  assert.equal(all.flatMap((tab) => tab.sockets).length, 1);
  for (const tab of all) assert.equal(tab.seen.closed[0].code, 4003);
});

test("the timer of a hidden leader comes late, so a tab that is seen asks it to try again", async () => {
  const { browser, server, all } = await tabs(2);
  server.isUp = false;
  server.cut();
  await browser.run();
  const late = all.find((tab) => tab.sockets.length);
  browser.timers = browser.timers.filter(({ tab, wait }) => tab !== late || wait); // As if they never came.
  server.isUp = true;
  server.push();
  await browser.run(5000);
  for (const tab of all) assert.deepEqual(tab.contents, numbers(1, 1));
});

test("a tab that wakes has the leader look whether the connection lives", async () => {
  const { browser, server, all } = await tabs(2);
  for (const socket of server.sockets) socket.onSaid = () => {}; // The network is gone, and says nothing.
  server.sockets.clear();
  server.push();
  all.find((tab) => !tab.open.length).fire("visibilitychange");
  await browser.run(5000 + 2500);
  for (const tab of all) assert.deepEqual(tab.contents, numbers(1, 1));
});

test("a handler may change the channels, and nothing is missed", async () => {
  const { browser, server, all } = await tabs(3, { channels: ["a"] });
  const changing = all.find((tab) => !tab.open.length);
  changing.client.on("message", ({ content }) => content === "message 2" && changing.client.subscribe("b"));
  for (let count = 0; count < 4; count++) server.push();
  await browser.run(1000);
  for (const tab of all) assert.deepEqual(tab.contents, numbers(1, 4));
  assert.equal(changing.socket.query.get("channels"), "a,b");
});

test("a tab can be closed by who gets a message, and the others go on", async () => {
  const { browser, server, all } = await tabs(3);
  const closing = all.find((tab) => !tab.open.length);
  closing.client.on("message", () => closing.client.close());
  server.push();
  server.push();
  await browser.run(1000);
  assert.deepEqual(closing.contents, numbers(1, 1));
  assert.equal(closing.client.state, "closed");
  for (const tab of all) if (tab !== closing) assert.deepEqual(tab.contents, numbers(1, 2));
});

test("a tab that is refused does not end the others", async () => {
  const { browser, server, all } = await tabs(2);
  server.isUp = false;
  const refused = leader(all);
  const other = all.find((tab) => tab !== refused);
  browser.onSocket = (socket) => (socket.tab === refused ? socket.end() : server.meet(socket));
  server.cut();
  for (let turn = 0; turn < 60 && !refused.fetches.length; turn++) await browser.run(500);
  refused.fetches[0].answer({ ok: false, status: 403, json: async () => ({ msg: "no" }) });
  server.isUp = true;
  await browser.run(10);
  await browser.run(10000);
  server.push();
  await browser.run(100);
  assert.equal(refused.seen.closed[0].code, 403);
  assert.deepEqual([other.seen.closed, other.contents], [[], ["message 1"]]);
});

for (const lacks of [["navigator"], ["BroadcastChannel"]]) {
  test(`without ${lacks} each tab has its own connection`, async () => {
    const browser = new Browser(), server = new Server(browser);
    const all = [browser.tab(...lacks), browser.tab(...lacks)];
    for (const tab of all) tab.connect("ws://h/", {});
    await browser.run();
    server.push();
    await browser.run();
    for (const tab of all) assert.deepEqual(tab.contents, numbers(1, 1));
    assert.equal(open(all).length, 2);
  });
}

test("where locks are forbidden, each tab has its own connection", async () => {
  const browser = new Browser(), tab = browser.tab();
  browser.request = async () => { throw Object.assign(new Error("no"), { name: "SecurityError" }); };
  new Server(browser).push();
  tab.connect("ws://h/", {});
  await browser.run(1e5);
  assert.equal(tab.open.length, 1);
  assert.equal(tab.sockets.length, 1);
});

// Whatever happens to the tabs and the server, in any order: each tab gets what was pushed since it came,
// each once and in order, and in the end there is one connection.
const RUNS = Number(process.env.RUNS ?? 60);
for (let seed = 1; seed <= RUNS; seed++) {
  test(`any mixture, seed ${seed}`, async () => {
    const { browser, server, all } = await tabs(3);
    for (const tab of all) tab.from = 1;
    const dice = random(seed * 7919);
    for (let step = 0; step < 40; step++) {
      const tab = all[Math.floor(dice() * all.length)];
      const chance = dice();
      if (chance < 0.45) server.push();
      else if (chance < 0.5) tab.kill();
      else if (chance < 0.58) tab.freeze();
      else if (chance < 0.66) tab.thaw();
      else if (chance < 0.7) tab.fire("pagehide");
      else if (chance < 0.76) tab.fire("pageshow");
      else if (chance < 0.8) server.cut();
      else if (chance < 0.84) {
        server.isUp = !server.isUp;
        server.cut();
      } else if (chance < 0.88 && all.length < 8) {
        const born = browser.tab();
        all.push(born);
        born.client = born.connect("ws://h/", { lastId: server.head });
        born.from = server.log.length + 1;
      } else if (chance < 0.92) tab.fire("online");
      await browser.run(dice() < 0.5 ? 0 : dice() * 5000);
    }
    server.isUp = true;
    const alive = all.filter((tab) => !tab.isDead);
    for (const tab of alive) {
      tab.thaw();
      tab.fire("pageshow");
    }
    await browser.run(100000);
    server.push();
    await browser.run(100000);
    const end = server.log.length;
    for (const tab of alive) assert.deepEqual(tab.contents, numbers(tab.from, end));
    assert.equal(open(alive).length, Math.min(1, alive.length));
    assert.deepEqual(browser.problems, []);
  });
}
