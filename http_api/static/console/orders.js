// What can be ordered against a user, once that was confirmed: that it is thrown out, and that its tokens count no more.
// The question takes the place of the buttons, and its first button is not where the one was that asks it: a double
// click orders nothing.

import { fill, h, say } from "./dom.js";
import { clock, number } from "./words.js";

/** Each has its words by its name; `send(api, user)` orders it, and `told(answer)` gives the rest of a key and values. */
const THROW_OUT = {
  name: "throw out",
  send: (api, user) => api.remove(`users/${encodeURIComponent(user)}/connections`),
  told: ({ connections }) => [` ${countKey(connections)}`, { count: number(connections) }],
};
const REVOKE = {
  name: "revoke",
  send: (api, user) => api.post("revocations", { user }),
  told: ({ before, until }) => ["", { time: clock(1000 * before).slice(0, 8), days: number(Math.round((until - before) / 86400)) }],
};

export class Orders {
  /** `done()` is called when an order was taken. */
  constructor(t, app, done) {
    Object.assign(this, { t, api: app.api, done });
    const orders = app.about.listen.tokens === "none" ? [THROW_OUT] : [THROW_OUT, REVOKE]; // Without tokens there is nothing to revoke.
    this.triggers = new Map(orders.map((order) => [order, h("button", { type: "button", class: "ghost danger", onclick: () => this.#ask(order) }, t(order.name))]));
    this.buttons = h("div", { class: "buttons" });
    this.text = h("p", { id: "order-question" });
    this.confirm = h("button", { type: "button", class: "ghost danger", onclick: () => this.#go(this.asked) });
    this.cancel = h("button", { type: "button", class: "ghost", onclick: () => this.#leave() }, t("cancel"));
    this.question = h("div", { role: "group", "aria-labelledby": "order-question", onkeydown: (event) => { if (event.key === "Escape") this.#leave(); } },
      this.text, h("div", { class: "buttons" }, this.confirm, this.cancel));
    this.result = h("p", { class: "result", role: "status" });
    this.element = h("div", { class: "orders" }, this.buttons, this.question, this.result);
  }

  /** For this user; `links` stand before the buttons. Returns the element. */
  show(user, links) {
    this.user = user;
    this.known = undefined;
    fill(this.buttons, links, [...this.triggers.values()]);
    this.#say("", "");
    this.#turn(null);
    return this.element;
  }

  /** How many connections there are now. */
  count(known) {
    this.known = known;
    if (this.asked && !this.confirm.disabled) this.#sayQuestion();
  }

  #ask(order) {
    this.#say("", "");
    this.#turn(order);
    this.#sayQuestion();
    say(this.confirm, this.t(`${order.name} now`));
    this.cancel.focus(); // That is what a key does that is still held down. On a phone it may have to be scrolled to.
  }

  #leave() {
    const trigger = this.triggers.get(this.asked);
    this.#say("", "");
    this.#turn(null);
    trigger.focus({ preventScroll: true });
  }

  /** Show the question of an order, or the buttons. */
  #turn(order) {
    this.asked = order;
    this.buttons.hidden = Boolean(order);
    this.question.hidden = !order;
    this.confirm.disabled = false;
  }

  async #go(order) {
    const { t, user } = this;
    this.confirm.disabled = true;
    try {
      const [key, values] = order.told(await order.send(this.api, user));
      if (user !== this.user) return;
      this.#say(t(`${order.name} done${key}`, { user, ...values }), "good");
    } catch (problem) {
      if (user !== this.user) return;
      this.#say(t(`${order.name} failed`, { problem: problem.message }), "bad");
    }
    this.#turn(null);
    this.triggers.get(order).focus({ preventScroll: true });
    this.done();
  }

  #sayQuestion() {
    const known = this.known ?? 0;
    say(this.text, this.t(`${this.asked.name} ${countKey(known)}`, { user: this.user, count: number(known) }));
  }

  #say(text, state) {
    this.result.dataset.state = state;
    say(this.result, text);
  }
}

function countKey(count) {
  return count > 1 ? "some" : String(count);
}
