// A live list of messages: the newest at the end, as in a terminal. It follows its end, but stands still
// while somebody reads further up or points at a button, and nothing in it is moved by what comes.

import { h, say } from "./dom.js";
import { messageRow, textOf } from "./row.js";
import { clock, number } from "./words.js";

const KEPT = 300; // Rows.
const HELD = 1000; // Messages that are kept while it is paused.
const NEAR = 24; // Pixels from the end that count as the end.

export class MessageStream {
  /** `title` and `empty` are what it says; the rest is for each row (`messageRow`). */
  constructor(t, { title, empty, ...forRows }) {
    this.t = t;
    this.forRows = forRows;
    this.kept = KEPT;
    this.waiting = []; // Rows that the next frame will show.
    this.paused = false;
    this.left = 0; // Messages for which there was no room while it was paused.
    this.unseen = 0;
    this.#build(title, empty);
  }

  #build(title, empty) {
    const { t } = this;
    this.list = h("ol");
    this.view = h("div", { class: "messages", tabIndex: 0, role: "log", "aria-label": title, onscroll: () => this.#scrolled() }, this.list);
    this.empty = h("p", { class: "empty dim" }, empty);
    this.filter = h("input", { type: "search", placeholder: t("filter"), "aria-label": t("filter"), oninput: () => this.#filterAll() });
    this.pause = h("button", { type: "button", class: "ghost", "aria-pressed": "false", onclick: () => this.#toggle() }, t("pause"));
    this.newer = h("button", { type: "button", class: "ghost newer", onclick: () => this.#toEnd() });
    const clear = h("button", { type: "button", class: "ghost", onclick: () => this.clear() }, t("clear"));
    this.bar = h("div", { class: "bar" }, h("h2", {}, title), h("span", { class: "grow" }), this.newer, this.filter, this.pause, clear);
    this.element = h("section", { class: "stream", "aria-label": title }, this.bar, h("div", { class: "frame" }, this.empty, this.view));
    this.#count(0);
  }

  /** Show a message; `delay` in milliseconds, or null. */
  add(message, delay = null) {
    this.#later(() => this.#row(message, delay));
  }

  /** Put older ones before all others: what was seen stays where it is. Then scroll to where they end. */
  addOlder(messages) {
    const { list, view } = this, height = view.scrollHeight;
    const rows = messages.map((message) => this.#row(message, null));
    rows.forEach((row) => this.#filterOne(row));
    view.ariaBusy = "true"; // They are no news to be read out.
    list.prepend(...rows);
    const added = view.scrollHeight - height;
    view.scrollTop += added;
    this.kept = Math.max(this.kept, list.children.length);
    this.empty.hidden = list.children.length > 0;
    requestAnimationFrame(() => {
      view.ariaBusy = "false";
      if (added) view.scrollTop = added - view.clientHeight / 2;
    });
  }

  /** The id of the oldest message that is shown, or undefined. */
  get oldest() {
    return this.list.querySelector(".m")?.dataset.id;
  }

  /** Show what happened, as a line of its own. `kind` is good, warn or bad. */
  tell(text, kind = "warn") {
    const time = clock(Date.now());
    this.#later(() => h("li", { class: "told", dataset: { kind } }, h("time", {}, time), h("span", {}, text)));
  }

  clear() {
    this.list.replaceChildren();
    this.waiting = [];
    this.kept = KEPT;
    this.left = 0;
    this.#count(0);
    this.empty.hidden = false;
  }

  #row(message, delay) {
    const { t } = this;
    const row = messageRow(t, message, { ...this.forRows, delay });
    row.search = `${message.to.join(" ") || t("everybody")} ${textOf(message.content)} ${message.id}`.toLowerCase();
    return row;
  }

  #later(make) {
    if (this.paused && this.waiting.length >= HELD) {
      this.waiting.shift();
      this.left += 1;
    }
    this.waiting.push(make);
    if (this.paused) return this.#sayPause();
    // More than is kept would only be made to be thrown away.
    if (this.waiting.length > KEPT) this.waiting.shift();
    this.frame ??= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.frame = undefined;
    const atEnd = this.#isAtEnd();
    const { waiting } = this;
    this.waiting = []; // First: if one of them fails, those after it do not.
    const rows = waiting.map((make) => make());
    rows.forEach((row) => this.#filterOne(row));
    this.list.append(...rows);
    this.empty.hidden = this.list.children.length > 0;
    if (!atEnd) return this.#count(this.unseen + rows.length);
    // Only here: whoever reads further up would see the rows move.
    while (this.list.children.length > this.kept) this.list.firstChild.remove();
    this.view.scrollTop = this.view.scrollHeight;
  }

  #isAtEnd() {
    const { list, view } = this;
    const isFull = list.children.length > 2 * this.kept; // Who points there for ever does not fill the memory.
    const points = list.querySelector("button:hover, button:focus-visible") && view.scrollHeight > view.clientHeight;
    return isFull || (!points && this.#distance() < NEAR);
  }

  /** How many pixels there are below what is seen. */
  #distance() {
    return this.view.scrollHeight - this.view.scrollTop - this.view.clientHeight;
  }

  #scrolled() {
    if (this.unseen && this.#distance() < NEAR) this.#count(0);
  }

  #toEnd() {
    this.view.scrollTop = this.view.scrollHeight;
    this.view.focus({ preventScroll: true });
    this.#count(0);
  }

  #count(count) {
    this.unseen = count;
    this.newer.dataset.state = count ? "some" : "none";
    this.newer.disabled = !count;
    say(this.newer, count ? this.t("newer", { count: number(count) }) : this.t("at the end"));
  }

  #toggle() {
    this.paused = !this.paused;
    this.pause.ariaPressed = String(this.paused);
    this.#sayPause();
    if (this.paused) return;
    if (this.left) {
      const text = this.t("left out", { count: number(this.left) });
      this.left = 0;
      this.waiting.unshift(() => h("li", { class: "told", dataset: { kind: "warn" } }, h("span", {}, text)));
    }
    this.frame ??= requestAnimationFrame(() => this.#draw());
  }

  #sayPause() {
    const count = this.waiting.length + this.left;
    say(this.pause, this.paused ? this.t("go on", { count: number(count) }) : this.t("pause"));
  }

  #filterOne(row) {
    const wanted = this.filter.value.trim().toLowerCase();
    row.hidden = Boolean(wanted) && row.search !== undefined && !row.search.includes(wanted);
  }

  #filterAll() {
    const atEnd = this.#isAtEnd();
    [...this.list.children].forEach((row) => this.#filterOne(row));
    if (atEnd) this.view.scrollTop = this.view.scrollHeight;
  }
}
