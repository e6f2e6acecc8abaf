// To whom a push is: everybody, some channels or some users, as chips that say how many listen now.

import { fill, h, say, segments } from "./dom.js";
import { channelOf, listenersOf, NameField, subscriptionsTo } from "./names.js";
import { number } from "./words.js";

export class Recipients {
  /** `changed()` is called whenever others are chosen. */
  constructor(t, app, changed) {
    this.t = t;
    this.app = app;
    this.changed = changed;
    this.kind = "everybody";
    this.names = { everybody: new Set(), channels: new Set(), users: new Set() };
    this.counts = new Map(); // How many listen, by kind and name.
    this.#build();
    app.addEventListener("stats", () => { if (this.element.isConnected) this.#count(); });
    this.#show();
  }

  #build() {
    const { t } = this;
    const kinds = ["everybody", "channels", "users"].map((id) => ({ id, label: t(`to ${id}`) }));
    this.chips = h("div", { class: "chips" });
    this.field = new NameField(t, this.app.api, {
      id: "recipient", taken: (names) => this.#add(names), emptied: () => this.#remove([...this.names[this.kind]].pop()),
    });
    // Who chose with the mouse goes on typing; who uses the keyboard may want the next choice.
    const clicked = (event) => { if (event.detail) setTimeout(() => this.field.input.focus()); };
    this.element = h("div", { class: "recipients" },
      h("div", { onclick: clicked }, segments("to", t("to whom"), kinds, this.kind, (kind) => { this.kind = kind; this.#show(); this.changed(); })),
      this.chips, this.field.known, this.field.problem);
  }

  /** `{kind, names}`. */
  chosen() {
    return { kind: this.kind, names: [...this.names[this.kind]] };
  }

  /** As if these had been chosen by hand. */
  choose(kind, names) {
    this.kind = kind;
    this.names[kind] = new Set(names);
    this.element.querySelector(`input[value="${kind}"]`).checked = true;
    this.#show();
    this.changed();
  }

  /** Whether all of it can be pushed to; if not, it is said at the field. */
  check() {
    if (this.kind === "everybody") return true;
    if (!this.field.take()) return false;
    if (this.names[this.kind].size) return true;
    this.refuse(this.t(`no ${this.kind}`));
    return false;
  }

  refuse(text) { this.field.refuse(text); }

  #add(names) {
    names.forEach((name) => this.names[this.kind].add(name));
    this.#show();
    this.changed();
  }

  #remove(name) {
    if (name === undefined) return;
    this.names[this.kind].delete(name);
    this.#show();
    this.changed();
    this.field.input.focus();
  }

  #show() {
    const everybody = this.kind === "everybody";
    const names = everybody ? [""] : [...this.names[this.kind]];
    this.field.input.hidden = everybody;
    fill(this.chips, names.map((name) => this.#chip(name)), this.field.input);
    if (everybody) this.refuse("");
    else this.field.ask(this.kind, this.t(`add ${this.kind}`));
    this.#count();
  }

  #chip(name) {
    const { t } = this;
    const count = h("i", { dataset: { count: `${this.kind} ${name}` } });
    this.#sayCount(count);
    if (!name) return h("span", { class: "chip" }, t("everybody"), " ", count);
    return h("span", { class: "chip" }, h("span", { class: "name", title: name }, name), " ", count,
      h("button", { type: "button", class: "quiet", ariaLabel: t("remove", { name }), onclick: () => this.#remove(name) }, "×"));
  }

  async #count() {
    const { kind } = this;
    const names = kind === "everybody" ? [""] : [...this.names[kind]];
    await Promise.all(names.map(async (name) => {
      const count = await this.#listeners(kind, name).catch(() => null);
      if (count === null) this.counts.delete(`${kind} ${name}`); // Nobody knows: an old number would be a wrong one.
      else this.counts.set(`${kind} ${name}`, count);
    }));
    this.chips.querySelectorAll("[data-count]").forEach((count) => this.#sayCount(count));
  }

  async #listeners(kind, name) {
    const { api, stats } = this.app;
    if (kind === "everybody") return stats?.totals ? stats.totals.connections : null;
    const asked = kind === "users" ? [channelOf(name)] : subscriptionsTo(name);
    const found = await Promise.all(asked.map((each) => listenersOf(api, each)));
    return found.reduce((sum, count) => sum + count, 0);
  }

  #sayCount(element) {
    const count = this.counts.get(element.dataset.count);
    element.dataset.state = count === 0 ? "nobody" : "";
    say(element, count === undefined ? "…" : this.t(count === 1 ? "1 listens" : "listen", { count: number(count) }));
  }
}
