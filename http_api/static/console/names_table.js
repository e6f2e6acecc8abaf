// All users or all channels, page by page, in a table of fixed size. What the pointer is on stays where it is.

import { fill, h, say, segments } from "./dom.js";
import { channelOf, isOfConsole, isSubscription } from "./names.js";
import { addressOf } from "./place.js";
import { number } from "./words.js";

const ROWS = 15;
const UNTIL_ASKED = 200; // Milliseconds after the last key.

export class NamesTable {
  constructor(t, app) {
    Object.assign(this, { t, app, kind: "users", prefix: "", marked: "", note: "" });
    this.pages = [""]; // After which name each page up to this one begins.
    this.shown = []; // The names in the rows.
    this.turn = 0; // An answer to an older question is not shown.
    this.#build();
  }

  #build() {
    const { t } = this;
    const kinds = [{ id: "users", label: t("Users") }, { id: "channels", label: t("Channels") }];
    this.search = h("input", { type: "search", placeholder: t("begins with"), "aria-label": t("begins with"), autocomplete: "off", spellcheck: false, "aria-describedby": "names-told", oninput: () => this.#typed() });
    this.rows = Array.from({ length: ROWS }, () => this.#row());
    this.caption = h("caption", { class: "unseen" });
    this.column = h("th", { scope: "col" });
    this.body = h("tbody", { onpointerleave: () => this.#draw() }, this.rows.map(({ element }) => element));
    this.nobody = h("p", { class: "nobody", hidden: true });
    this.told = h("p", { id: "names-told", class: "told-below dim", role: "status" });
    this.back = h("button", { type: "button", class: "ghost", onclick: () => this.#turn(-1) }, t("back"));
    this.next = h("button", { type: "button", class: "ghost", onclick: () => this.#turn(1) }, t("next"));
    this.page = h("span", { class: "dim" });
    this.kinds = segments("names", t("who to list"), kinds, this.kind, (kind) => this.list(kind));
    this.element = h("div", {},
      h("div", { class: "names-bar" }, this.kinds, this.search),
      h("div", { class: "names-frame" },
        h("table", {}, this.caption, h("thead", {}, h("tr", {}, this.column, h("th", { scope: "col", class: "n" }, t("number")))), this.body),
        this.nobody),
      h("div", { class: "pager" }, this.back, this.page, this.next), this.told);
    this.list("users");
  }

  #row() {
    const link = h("a", {}), note = h("span", { class: "dim" }), count = h("td", { class: "n" });
    const element = h("tr", { class: "blank" }, h("td", {}, link, " ", note), count);
    return { element, link, note, count };
  }

  /** Ask anew for the page that is shown. `note` is said below it if there is nothing more pressing. */
  async look(note = this.note) {
    const { kind, prefix } = this;
    this.note = note;
    const after = this.pages.at(-1), turn = ++this.turn, key = this.#key();
    try {
      const answer = await this.app.api.get(kind, { prefix, after, limit: ROWS });
      if (turn !== this.turn) return;
      const one = kind.slice(0, -1);
      this.newest = { key, next: answer.next, counts: new Map(answer[kind].map((each) => [each[one], each.connections])) };
      this.problem = "";
    } catch (problem) {
      if (turn !== this.turn) return;
      this.problem = this.t("not known", { problem: problem.message });
    }
    this.#draw();
  }

  /** Show all `users` or all `channels`. */
  list(kind) {
    if (kind !== this.kind) { // The names of the others do not stand under this.
      this.newest = undefined;
      this.#place([]);
    }
    this.kind = kind;
    this.kinds.querySelector(`[value="${kind}"]`).checked = true;
    say(this.caption, this.t(`${kind} by name`));
    say(this.column, this.t(kind.slice(0, -1)));
    this.#begin();
  }

  /** Show which one is looked at in detail: a channel, or `user:42`. */
  mark(name) {
    this.marked = name;
    this.rows.forEach((row, index) => { row.link.ariaCurrent = this.shown[index] && this.#argument(this.shown[index]) === name ? "true" : null; });
  }

  holdsFocus() {
    return this.body.contains(document.activeElement);
  }

  /** Which page it is: of what, that begins how, after which name. */
  #key() {
    return [this.kind, this.prefix, this.pages.at(-1)].join(" ");
  }

  #begin() {
    this.pages = [""];
    if (this.element?.isConnected) this.look();
  }

  #typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const prefix = this.search.value.trim();
      const isRight = !prefix || isSubscription(prefix);
      this.wrong = isRight ? "" : this.t("cannot begin", { prefix });
      if (isRight) this.search.removeAttribute("aria-invalid");
      else this.search.setAttribute("aria-invalid", "true");
      if (!isRight) return this.#say();
      this.prefix = prefix;
      return this.#begin();
    }, UNTIL_ASKED);
  }

  #turn(step) {
    if (step < 0) this.pages.pop();
    else this.pages.push(this.newest.next);
    this.#say(); // Until the answer is there, nobody can go further.
    this.look();
  }

  #draw() {
    if (!this.newest) return this.#say();
    const { key, counts } = this.newest;
    const names = [...counts.keys()];
    const stands = this.key === key && this.#isPointedAt();
    this.waits = stands && names.join() !== this.shown.join();
    if (!stands) this.#place(names);
    this.key = key;
    this.rows.forEach((row, index) => say(row.count, this.#count(this.shown[index])));
    return this.#say();
  }

  /** Touching leaves a "hover" behind, which is none. */
  #isPointedAt() {
    return matchMedia("(hover: hover)").matches && this.body.matches(":hover") && this.shown.length > 0;
  }

  #place(names) {
    const focused = this.shown[this.rows.findIndex(({ link }) => link === document.activeElement)];
    this.shown = names;
    this.rows.forEach((row, index) => this.#fill(row, names[index]));
    this.mark(this.marked);
    // The focus goes with the name, not with the row.
    const at = names.indexOf(focused);
    if (at >= 0) this.rows[at].link.focus({ preventScroll: true });
  }

  #fill({ element, link, note }, name) {
    element.className = name === undefined ? "blank" : "";
    say(link, name ?? "–");
    say(note, name !== undefined && this.kind === "channels" ? this.#noteOn(name) : "");
    if (name === undefined) link.removeAttribute("href");
    else link.href = `#${addressOf("who", this.#argument(name))}`;
    link.title = name ?? "";
  }

  #noteOn(name) {
    if (name === this.app.listener.channel) return this.t("this console");
    return isOfConsole(name) ? this.t("a console") : "";
  }

  #count(name) {
    if (name === undefined) return "–";
    const { counts, next } = this.newest;
    if (counts.has(name)) return number(counts.get(name));
    // Others came before it, and now it is on the next page; if not, it has left.
    return next !== null && name > next ? "–" : "0";
  }

  #argument(name) {
    return this.kind === "users" ? channelOf(name) : name;
  }

  #say() {
    const { t, prefix } = this;
    this.back.disabled = this.pages.length === 1;
    this.next.disabled = !this.newest?.next || this.newest.key !== this.#key();
    say(this.page, t("page", { page: number(this.pages.length) }));
    say(this.told, this.wrong || this.problem || (this.waits ? t("stands") : this.note));
    const isEmpty = this.newest && this.shown.length === 0;
    this.nobody.hidden = !isEmpty;
    if (!isEmpty) return;
    const text = this.pages.length > 1 ? t("none left") : prefix ? t("none begins", { prefix }) : t(`no ${this.kind}`);
    if (this.nobody.firstChild?.textContent !== text) fill(this.nobody, h("span", {}, text), " ", prefix ? null : h("a", { href: "#connect" }, t("connect a page")));
  }
}
