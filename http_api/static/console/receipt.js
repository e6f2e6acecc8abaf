// Below the push card: how many of those that a push was for have got it. It is asked for while that may change, for
// some minutes, and only while somebody looks. What is said is what `message-center push --receipt` says.

import { Refusal } from "./api.js";
import { fill, h, say } from "./dom.js";
import { browser } from "./storage.js";
import { clock, number } from "./words.js";

const FIRST = 500; // Milliseconds: processes say twice a second what has changed.
const LONGEST = 5000; // Milliseconds between two questions when nothing changes.
const PATIENCE = 120000; // Milliseconds for which it is asked; then by hand.
const LISTED = 20; // Users, and as many who are late.
const OTHERS = ["behind", "missed", "unknown", "waiting"]; // Said where there are any.
const KEPT = "receipt";

export class Receipt {
  /** `changed()` is called when a receipt is wanted, or no more. */
  constructor(t, app, changed) {
    Object.assign(this, { t, app, changed });
    const { scope } = app.about.push;
    this.may = !scope || scope.read.length > 0;
    this.box = h("input", { type: "checkbox", checked: browser.get(KEPT) !== "", onchange: () => this.#choose() });
    this.choice = h("label", { class: "check", hidden: !this.may }, this.box, h("span", {}, t("receipt")));
    this.said = h("p", { role: "status" });
    this.more = h("ul", {});
    this.ask = h("button", { type: "button", class: "quiet", onclick: () => this.#again() }, t("ask again"));
    this.element = h("div", { id: "receipt", class: "receipt", tabIndex: 0, role: "region", ariaLabel: t("receipt of") }, this.said, this.ask, this.more);
    app.addEventListener("stats", () => { if (this.isDue && this.#isSeen()) this.#look(); });
    this.forget();
  }

  /** Whether the next push is to ask for one. */
  get isWanted() { return this.may && this.box.checked; }

  /** Show nothing: another push is under way. */
  forget() {
    this.#stop();
    this.id = undefined;
    this.ask.hidden = true;
    this.element.hidden = !this.isWanted;
    fill(this.more);
    this.#say("", "");
  }

  /** Show what becomes of the push with this id. */
  follow(id) {
    this.forget();
    this.id = id;
    this.#say(this.t("asking"), "");
    this.#begin(FIRST);
  }

  #choose() {
    browser.set(KEPT, this.box.checked ? "1" : "");
    this.forget();
    this.changed();
  }

  #again() {
    this.ask.hidden = true;
    this.element.focus({ preventScroll: true });
    this.#begin(0);
  }

  #begin(time) {
    this.last = "";
    this.until = performance.now() + PATIENCE;
    this.#wait(time);
  }

  #wait(time) {
    this.#stop();
    this.time = time;
    this.timer = setTimeout(() => this.#look(), time);
  }

  #stop() {
    clearTimeout(this.timer);
    this.isDue = false;
  }

  #isSeen() { return !document.hidden && this.element.isConnected; }

  async #look() {
    this.isDue = !this.#isSeen(); // Then it is asked for when somebody looks again.
    if (this.isDue) return;
    const { id } = this;
    let goesOn;
    try {
      const answer = await this.app.api.get(`messages/${encodeURIComponent(id)}`);
      if (id !== this.id) return;
      goesOn = !isFinal(answer);
      this.#note(JSON.stringify(answer));
      this.#show(answer);
    } catch (problem) {
      if (id !== this.id) return;
      goesOn = !(problem instanceof Refusal) || problem.status >= 500 || problem.status === 429;
      this.#note("");
      this.#say(this.t("no receipt", { problem: problem.message }), "bad");
    }
    if (goesOn && performance.now() + this.time < this.until) this.#wait(this.time);
    else this.ask.hidden = false;
  }

  /** What is answered; the time until it is asked for again is longer if that has not changed. */
  #note(answer) {
    this.time = answer && answer !== this.last ? FIRST : Math.min(2 * Math.max(this.time, FIRST), LONGEST);
    this.last = answer;
  }

  #show(answer) {
    const { t } = this;
    const { state, to, waiting, unknown, users = {}, late = [] } = answer;
    const isKnown = to > 0 || (to === 0 && !waiting && unknown !== null);
    fill(this.more);
    if (to === undefined) return this.#say(t(`state ${state}`), "");
    if (!isKnown && waiting) return this.#say(t("asking"), ""); // None has said a number.
    const isWhole = answer.to > 0 && answer.to === answer.confirmed && isFinal(answer);
    this.#say((isWhole ? "✓ " : "") + this.#counts(answer, isKnown && "nobody"), isWhole ? "good" : isFinal(answer) || unknown !== 0 ? "warn" : "");
    // First those of whom something is to be said.
    const rows = Object.entries(users).sort(([, one], [, other]) => isAll(one) - isAll(other));
    fill(this.more, [
      ...listed(rows, ([user, numbers]) => `${user}: ${this.#counts(numbers, isKnown && !waiting && "not connected")}`),
      ...listed(late, (each) => t(`late ${each.state}`, { who: each.user ?? t("anonymous"), address: each.address, time: clock(each.since).slice(0, 8) })),
    ].map((text) => h("li", {}, text)));
    return undefined;
  }

  /** In a line; of no connection `none` is said. */
  #counts(numbers, none) {
    const { t } = this, { to, confirmed, written } = numbers;
    const parts = [t("confirmed by", { count: number(confirmed), to: number(to) })];
    if (written !== confirmed) parts.push(t("written", { count: number(written) }));
    parts.push(...OTHERS.filter((name) => numbers[name]).map((name) => t(name, { count: number(numbers[name]) })));
    if (numbers.unknown === null) parts.push(t("killed"));
    return parts.join(t("comma")) + (to === 0 && none ? t("colon") + t(none) : "");
  }

  #say(text, state) {
    this.said.dataset.state = state;
    say(this.said, text);
  }
}

/** Whether everybody has confirmed it, or is gone. */
function isFinal({ state, to, confirmed, missed, waiting }) {
  return state === "expired" || (state === "settled" && !waiting && to === confirmed + missed);
}

const isAll = ({ to, confirmed }) => to > 0 && to === confirmed;

/** The texts of the first, and how many more there are. */
function listed(all, write) {
  const rest = all.length - LISTED;
  return [...all.slice(0, LISTED).map(write), ...(rest > 0 ? [`+${number(rest)}`] : [])];
}
