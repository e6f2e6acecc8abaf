// To whom a push is: everybody, some channels or some users, as chips that say how many listen now.

import { fill, h, say, segments } from "./dom.js";
import { number } from "./words.js";

const NAME = /^[A-Za-z0-9_.:@-]{1,100}$/;
const SUGGESTED = 20;
const UNTIL_ASKED = 200; // Milliseconds after the last key.

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
    this.known = h("datalist", { id: "names" });
    this.field = h("input", {
      id: "recipient", autocomplete: "off", spellcheck: false, "aria-describedby": "recipient-problem",
      onkeydown: (event) => this.#key(event), onchange: () => this.#add(), oninput: () => this.#typed(),
    });
    this.field.setAttribute("list", "names");
    this.problem = h("p", { id: "recipient-problem", class: "problem", role: "status" });
    this.element = h("div", { class: "recipients" },
      segments("to", t("to whom"), kinds, this.kind, (kind) => { this.kind = kind; this.#show(); this.changed(); if (kind !== "everybody") this.field.focus(); }),
      this.chips, this.known, this.problem);
  }

  /** `{kind, names}`. */
  chosen() {
    return { kind: this.kind, names: [...this.names[this.kind]] };
  }

  /** Whether all of it can be pushed to; if not, it is said at the field. */
  check() {
    if (!this.#add()) return false;
    if (this.kind === "everybody" || this.names[this.kind].size) return true;
    this.refuse(this.t(`no ${this.kind}`));
    return false;
  }

  refuse(text) {
    say(this.problem, text);
    if (text) { this.field.setAttribute("aria-invalid", "true"); this.field.focus(); } else this.field.removeAttribute("aria-invalid");
  }

  #key(event) {
    if (event.key === "," || (event.key === "Enter" && !event.ctrlKey && !event.metaKey)) {
      event.preventDefault();
      this.#add();
    } else if (event.key === "Backspace" && !this.field.value) {
      this.#remove([...this.names[this.kind]].pop());
    }
  }

  /** Take what stands in the field; false if it cannot be a name. */
  #add() {
    const names = this.field.value.split(",").map((name) => name.trim()).filter(Boolean);
    const wrong = names.find((name) => !NAME.test(name));
    this.refuse("");
    if (wrong !== undefined) {
      this.refuse(this.t("no name", { name: wrong }));
      return false;
    }
    if (!names.length) return true;
    names.forEach((name) => this.names[this.kind].add(name));
    this.field.value = "";
    this.#show();
    this.changed();
    return true;
  }

  #remove(name) {
    if (name === undefined) return;
    this.names[this.kind].delete(name);
    this.#show();
    this.changed();
    this.field.focus();
  }

  #typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#suggest(), UNTIL_ASKED);
  }

  async #suggest() {
    const { kind } = this;
    const prefix = this.field.value.trim();
    if (prefix && !NAME.test(prefix)) return;
    const answer = await this.app.api.get(kind, { prefix, limit: SUGGESTED }).catch(() => null);
    if (!answer || kind !== this.kind) return;
    const one = kind.slice(0, -1);
    fill(this.known, answer[kind].filter((each) => NAME.test(each[one])).map((each) => h("option", { value: each[one] })));
  }

  #show() {
    const everybody = this.kind === "everybody";
    const names = everybody ? [""] : [...this.names[this.kind]];
    this.field.hidden = everybody;
    this.field.placeholder = this.t(`add ${this.kind}`);
    this.field.ariaLabel = this.t(`add ${this.kind}`);
    fill(this.chips, names.map((name) => this.#chip(name)), this.field);
    this.refuse("");
    if (!everybody) this.#suggest();
    this.#count();
  }

  #chip(name) {
    const { t } = this;
    const count = h("i", { dataset: { count: `${this.kind} ${name}` } });
    this.#sayCount(count);
    if (!name) return h("span", { class: "chip" }, t("everybody"), " ", count);
    return h("span", { class: "chip" }, name, " ", count,
      h("button", { type: "button", class: "quiet", ariaLabel: t("remove", { name }), onclick: () => this.#remove(name) }, "×"));
  }

  async #count() {
    const { kind } = this;
    const names = kind === "everybody" ? [""] : [...this.names[kind]];
    await Promise.all(names.map(async (name) => {
      const count = await this.#listeners(kind, name).catch(() => null);
      if (count !== null) this.counts.set(`${kind} ${name}`, count);
    }));
    this.chips.querySelectorAll("[data-count]").forEach((count) => this.#sayCount(count));
  }

  async #listeners(kind, name) {
    const { api, stats } = this.app;
    if (kind === "everybody") return stats?.totals ? stats.totals.connections : null;
    if (kind === "users") return (await api.get(`users/${encodeURIComponent(name)}`)).connections;
    const found = await Promise.all(subscriptions(name).map((each) => api.get(`channels/${encodeURIComponent(each)}`)));
    return found.reduce((sum, { connections }) => sum + connections, 0);
  }

  #sayCount(element) {
    const count = this.counts.get(element.dataset.count);
    element.dataset.state = count === 0 ? "nobody" : "";
    say(element, count === undefined ? "…" : this.t(count === 1 ? "1 listens" : "listen", { count: number(count) }));
  }
}

/** The channel, and the wildcards that match it: common/channels.py has the rule. */
function subscriptions(name) {
  const found = [name];
  for (let dot = name.indexOf(".", 1); dot > 0; dot = name.indexOf(".", dot + 1)) found.push(`${name.slice(0, dot)}.*`);
  return found;
}
