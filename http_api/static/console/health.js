// The page "Health": how the whole is, in words and in figures. What is judged, and how, is in checks.js.

import { checks } from "./checks.js";
import { h, say } from "./dom.js";
import { Processes } from "./processes.js";
import { duration, speaker } from "./words.js";
import words from "./words/health.js";

const CHECKS = ["redis", "processes", "queue", "log", "clients", "browser"];
const t = speaker(words);

export function healthPage(app) {
  const health = new Health(app);
  const look = () => { if (health.element.isConnected) health.look(); };
  app.addEventListener("stats", look);
  app.listener.addEventListener("change", look);
  app.listener.addEventListener("message", look);
  return { element: health.element, show: () => health.show() };
}

class Health {
  constructor(app) {
    this.app = app;
    this.slow = 0; // Looks, one after the other, at which clients were behind.
    this.processes = new Processes(t);
    this.verdict = h("p", { id: "verdict", role: "status" });
    this.cards = new Map(CHECKS.map((id) => [id, card(id)]));
    this.element = h("div", { class: "page health" },
      h("h2", {}, t("verdict")), this.verdict,
      h("div", { class: "checks" }, [...this.cards.values()].map(({ element }) => element)),
      h("h2", {}, t("all processes")), this.processes.element);
  }

  show() {
    this.processes.begin();
    this.slow = 0;
    this.look();
  }

  look() {
    const { app } = this;
    const { stats } = app;
    if (stats && stats !== this.stats) this.#take(stats);
    this.element.dataset.stale = String(!stats);
    if (!this.stats) return this.#say("bad", app.why);
    if (!this.processes.rows.length) this.processes.show(this.stats.processes, this.stats.redis.ok);
    const found = checks(t, { stats: this.stats, about: app.about, listener: app.listener, gone: this.processes.gone, slow: this.slow > 1 });
    found.forEach((check) => this.#sayCheck(check));
    if (stats) this.#judge(found);
    else this.#say("bad", t("api away since", { problem: app.problem.message, time: duration(Math.round((Date.now() - this.taken) / 1000)) }));
  }

  /** New figures. */
  #take(stats) {
    this.stats = stats;
    this.taken = Date.now();
    this.slow = stats.totals?.behind ? this.slow + 1 : 0;
    this.processes.show(stats.processes, stats.redis.ok);
  }

  #judge(found) {
    const problems = found.flatMap((check) => check.problems);
    const state = ["bad", "warn"].find((each) => problems.some((problem) => problem.state === each)) ?? "good";
    const titles = [...new Set(problems.map(({ title }) => title))];
    this.#say(state, titles.length ? titles.join(" · ") : t("all well"));
  }

  #say(state, text) {
    this.verdict.dataset.state = state;
    say(this.verdict, text);
  }

  #sayCheck({ id, state, value, text }) {
    const card = this.cards.get(id);
    card.element.dataset.state = state;
    say(card.value, value);
    say(card.text, text);
    // What does not fit is scrolled to, by keyboard, too.
    if (card.text.scrollHeight > card.text.clientHeight) card.text.tabIndex = 0;
    else card.text.removeAttribute("tabindex");
  }
}

function card(id) {
  const value = h("b", {}), text = h("p", {});
  return { value, text, element: h("section", { class: "card finding", id: `check-${id}`, "aria-label": t(`check ${id}`) }, h("h3", {}, t(`check ${id}`)), value, text) };
}
