// One user or one channel: how many connections there are, who listens, and what can be done.

import { fill, h, say } from "./dom.js";
import { channelOf, listenersOf, userOf } from "./names.js";
import { Orders } from "./orders.js";
import { addressOf } from "./place.js";
import { number } from "./words.js";

const LISTED = 100; // Users of a channel.
const MANY = 500; // With more of them it is not asked for each time.
const SELDOM = 10; // But once in so many times.

export class Detail {
  constructor(t, app) {
    Object.assign(this, { t, app, name: "", turn: 0, listed: 0, times: 0 });
    this.title = h("h2", { tabIndex: -1 });
    this.figure = h("p", { class: "figure" });
    this.acts = h("div", { class: "detail-acts" });
    this.list = h("ul", { class: "listeners" });
    this.note = h("p", { class: "note dim small" });
    this.orders = new Orders(t, app, () => this.look());
    this.hint = h("p", { class: "dim hint" }, t("choose"));
    this.whole = h("div", {}, this.title, this.figure, this.note, this.acts, this.list);
    this.element = h("section", { class: "detail", "aria-label": t("details") }, this.hint, this.whole);
    this.show("");
  }

  /** A channel, a wildcard, or a user as `user:42`; "" shows how to choose one. */
  show(name) {
    const isFirst = this.title.textContent === "";
    if (name === this.name && !isFirst) return;
    this.name = name;
    this.times = 0;
    this.listed = 0;
    this.element.dataset.state = name ? "some" : "none";
    this.hint.hidden = Boolean(name);
    this.whole.hidden = !name;
    if (name) this.#begin(name);
  }

  holdsFocus() {
    return this.element.contains(document.activeElement);
  }

  focus() {
    this.title.focus({ preventScroll: true });
  }

  #begin(name) {
    const { t } = this;
    const user = userOf(name), isWildcard = name.endsWith(".*");
    const kind = user !== undefined ? "user" : isWildcard ? "wildcard" : "channel";
    say(this.title, t(`${kind} named`, { name: user ?? name }));
    say(this.figure, "…");
    this.figure.dataset.state = "";
    fill(this.list);
    say(this.note, isWildcard ? t("wildcard explained", { prefix: name.slice(0, -1) }) : t("fresh"));
    const links = [this.#link("trace", name, t("trace")), isWildcard ? null : this.#link("messages", name, t("push"))];
    fill(this.acts, user === undefined ? h("div", { class: "buttons" }, links) : this.orders.show(user, links));
  }

  #link(page, name, text) {
    return h("a", { class: "button", href: `#${addressOf(page, name)}` }, text);
  }

  /** Ask anew. */
  async look() {
    const { name } = this;
    this.times += 1;
    if (!name || (this.listed > MANY && this.times % SELDOM)) return;
    const turn = ++this.turn;
    const asked = userOf(name) === undefined ? this.app.api.get(`channels/${encodeURIComponent(name)}`) : listenersOf(this.app.api, name);
    try {
      const answer = await asked;
      if (turn !== this.turn) return;
      if (userOf(name) === undefined) this.#sayChannel(answer);
      else this.#sayUser(answer);
    } catch (problem) {
      if (turn === this.turn) this.#figure(this.t("not known", { problem: problem.message }), "bad");
    }
  }

  #sayUser(count) {
    this.orders.count(count);
    this.#figure(count ? this.t("is here", { connections: this.#connections(count) }) : this.t("is away"), count ? "good" : "");
  }

  #sayChannel({ connections, anonymous, users, truncated }) {
    const { t } = this;
    const text = { connections: this.#connections(connections), anonymous: number(anonymous) };
    const key = !connections ? "nobody listens" : anonymous && anonymous < connections ? "of them anonymous" : "listens";
    this.#figure(t(key, text), connections ? "good" : "");
    // By the bytes of the names, as everywhere; an object of JavaScript has numbers first.
    const all = Object.entries(users).sort(([one], [other]) => (one < other ? -1 : 1));
    this.listed = all.length;
    const rows = all.slice(0, LISTED).map(([user, count]) => [user, count]);
    if (anonymous) rows.push([null, anonymous]);
    this.#fillList(rows);
    const rest = all.length > LISTED ? `${t("some listed", { listed: number(LISTED), count: number(all.length) })} ` : "";
    const usual = this.name.endsWith(".*") ? t("wildcard explained", { prefix: this.name.slice(0, -1) }) : t("fresh");
    say(this.note, rest + (truncated ? t("truncated") : usual));
  }

  /** Rows that are there already stay; only their numbers change. */
  #fillList(rows) {
    const { t } = this;
    const key = JSON.stringify(rows.map(([user]) => user));
    if (this.list.dataset.key !== key || !this.list.children.length) {
      this.list.dataset.key = key;
      fill(this.list, rows.map(([user]) => h("li", {},
        user === null ? h("span", { class: "dim" }, t("anonymous")) : h("a", { href: `#${addressOf("who", channelOf(user))}` }, user),
        h("b", {}),
        user === null ? null : h("a", { href: `#${addressOf("trace", `${channelOf(user)},${this.name}`)}`, ariaLabel: t("trace both", { user }) }, t("trace")))));
    }
    [...this.list.querySelectorAll("b")].forEach((place, index) => say(place, number(rows[index][1])));
  }

  #figure(text, state) {
    this.figure.dataset.state = state;
    say(this.figure, text);
  }

  #connections(count) {
    return this.t(count === 1 ? "1 connection" : "some connections", { count: number(count) });
  }
}
