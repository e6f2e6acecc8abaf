// The console: its frame, its pages, and the figures that all of them show.
//
// What it reads comes from the HTTP API with the push token, so it works where pages may not listen.
// One more connection, an ordinary listener's, shows whether pages can (`listener.js`).

import { Api, Refusal } from "./api.js";
import { fill, h, say } from "./dom.js";
import { Listener } from "./listener.js";
import { login } from "./login.js";
import { addressOf, readArgument } from "./place.js";
import { number, rate, LANGUAGE, speaker } from "./words.js";

import { connectPage } from "./connect.js";
import { healthPage } from "./health.js";
import { messagesPage } from "./messages.js";
import { tracePage } from "./trace.js";
import { whoPage } from "./who.js";

const EVERY = 2000; // Milliseconds between two looks at the figures.
const PAGES = [
  ["messages", "Messages", messagesPage], ["connect", "Connect", connectPage], ["who", "Who", whoPage],
  ["trace", "Trace", tracePage], ["health", "Health", healthPage],
];
const t = speaker();

/**
 * What every page gets. `about` is what the server says of itself, `stats` its newest figures or null;
 * fires `stats` when they have changed. `open(page, argument)` shows another page.
 */
class App extends EventTarget {
  constructor(api) {
    super();
    this.api = api;
    this.about = null;
    this.stats = null;
    this.ahead = 0; // Milliseconds that the server's clock is ahead of this one.
    this.listener = null;
    this.denied = false; // The token may not see the figures: they are not asked for again.
    this.isLooking = false;
  }

  open(page, argument = "") {
    location.hash = addressOf(page, argument);
  }

  async look() {
    if (this.isLooking) return; // While Redis stands still an answer takes longer than the next look is away.
    this.isLooking = true;
    if (!this.denied) await this.#ask();
    this.isLooking = false;
    this.dispatchEvent(new Event("stats"));
  }

  /** In words, why there are no figures. */
  get why() {
    return t(this.denied ? "not allowed" : "does not answer", { problem: this.problem?.message ?? "" });
  }

  async #ask() {
    const begun = Date.now();
    try {
      this.stats = await this.api.get("stats");
      if (this.stats.time) this.#setClock(this.stats.time, begun, Date.now());
      this.problem = null;
    } catch (problem) {
      this.stats = null;
      this.problem = problem;
      this.denied = problem instanceof Refusal && problem.status === 403;
    }
  }

  // The answer may be half a second old: the largest difference that was seen is the best.
  #setClock(time, begun, ended) {
    const ahead = time - (begun + ended) / 2;
    this.ahead = this.ahead === 0 ? ahead : Math.max(this.ahead, ahead);
  }
}

function facts(app) {
  const fact = (label) => {
    const value = h("b", {}, "–"), name = h("span", {}, label);
    return { value, name, box: h("div", {}, value, name) };
  };
  const boxes = ["connections", "users", "channels", "messages a second", "waiting", "Redis"].map((key) => fact(t(key)));
  const redis = boxes[5];
  app.addEventListener("stats", () => {
    const { stats } = app, totals = stats?.totals;
    const values = [number(totals?.connections), number(totals?.users), number(totals?.channels),
      rate(totals?.rates.settled), number(stats?.queue?.length)];
    values.forEach((value, index) => say(boxes[index].value, value));
    const ok = stats?.redis.ok;
    say(redis.value, stats ? t(ok ? "ok" : "no answer") : "–");
    redis.value.dataset.state = stats ? (ok ? "good" : "bad") : "";
    say(redis.name, ok ? t("Redis, {ms} ms", { ms: rate(stats.redis.round_trip_ms) }) : "Redis");
  });
  return h("section", { class: "facts", "aria-label": t("Health") }, boxes.map(({ box }) => box));
}

function frame(app) {
  const links = PAGES.map(([name, title]) => h("a", { href: `#${name}` }, t(title)));
  const main = h("main", { id: "main", tabIndex: -1 });
  const pill = h("a", { id: "state", class: "pill", href: "#health", dataset: { state: "connecting" } },
    h("i", { "aria-hidden": "true" }), h("span", { role: "status" }));
  fill(document.body,
    h("a", { class: "skip", href: "#main", onclick: (event) => { event.preventDefault(); main.focus(); } }, t("skip")),
    h("header", {}, h("h1", {}, "message-center"), pill, h("nav", { "aria-label": t("pages") }, links)),
    facts(app), main);
  return { links, main, pill };
}

function routes(app, { links, main }) {
  const made = new Map();
  let shown;
  const show = () => {
    const [wanted, argument = ""] = location.hash.slice(1).split("/");
    const index = Math.max(0, PAGES.findIndex(([name]) => name === wanted));
    const [name, title, make] = PAGES[index];
    if (!made.has(name)) made.set(name, make(app));
    const page = made.get(name);
    links.forEach((link, each) => { link.ariaCurrent = each === index ? "page" : null; });
    document.title = `${t(title)} · message-center`;
    if (shown !== page) {
      shown?.hide?.();
      // On a phone not all of them have room.
      links[index].parentElement.scrollLeft = links[index].offsetLeft - links[index].parentElement.offsetLeft - 60;
      fill(main, page.element);
      shown = page;
    }
    page.show?.(readArgument(argument));
  };
  addEventListener("hashchange", show);
  show();
}

/** What the server says of itself; waits for as long as it takes to be let in. */
async function introduce(app, main) {
  for (let refused = false; ; ) {
    try {
      return await app.api.get("about");
    } catch (problem) {
      if (problem instanceof Refusal && problem.status === 401) {
        await login(app.api, main, refused || app.api.token !== "");
        refused = true;
        continue;
      }
      fill(main, h("p", { class: "notice", role: "status" }, t("does not answer", { problem: problem.message })));
      await new Promise((done) => { setTimeout(done, EVERY); });
    }
  }
}

async function run() {
  document.documentElement.lang = LANGUAGE === "zh" ? "zh-CN" : "en";
  const app = new App(new Api());
  const parts = frame(app);
  app.about = await introduce(app, parts.main);
  // Later the token may have been taken away: then everything begins anew, says so, and asks for one.
  app.api.addEventListener("unauthorized", () => location.reload(), { once: true });
  app.listener = new Listener(app, parts.pill);
  await app.look();
  setInterval(() => { if (!document.hidden) app.look(); }, EVERY);
  routes(app, parts);
  app.listener.start();
}

run();
