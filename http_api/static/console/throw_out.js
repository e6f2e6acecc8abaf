// Throws a user out, once that was confirmed. The question takes the place of the buttons, and "Throw out" is not
// where the button was that asks it: a double click throws nobody out.

import { fill, h, say } from "./dom.js";
import { number } from "./words.js";

export class ThrowOut {
  /** `done()` is called when the order was taken. */
  constructor(t, api, done) {
    Object.assign(this, { t, api, done });
    this.trigger = h("button", { type: "button", class: "ghost danger", onclick: () => this.#ask() }, t("throw out"));
    this.buttons = h("div", { class: "buttons" });
    this.text = h("p", { id: "throw-out-question" });
    this.confirm = h("button", { type: "button", class: "ghost danger", onclick: () => this.#go() }, t("do it"));
    this.cancel = h("button", { type: "button", class: "ghost", onclick: () => this.#ask(false) }, t("cancel"));
    this.question = h("div", { role: "group", "aria-labelledby": "throw-out-question", onkeydown: (event) => { if (event.key === "Escape") this.#ask(false); } },
      this.text, h("div", { class: "buttons" }, this.confirm, this.cancel));
    this.result = h("p", { class: "result", role: "status" });
    this.element = h("div", { class: "throw-out" }, this.buttons, this.question, this.result);
  }

  /** For this user; `links` stand before the button. Returns the element. */
  show(user, links) {
    this.user = user;
    this.known = undefined;
    fill(this.buttons, links, this.trigger);
    this.#say("", "");
    this.#turn(false);
    return this.element;
  }

  /** How many connections there are now. */
  count(known) {
    this.known = known;
    if (!this.question.hidden && !this.confirm.disabled) say(this.text, this.#words("throw out", known));
  }

  #ask(isAsked = true) {
    say(this.text, this.#words("throw out", this.known ?? 0));
    this.#say("", "");
    this.#turn(isAsked);
    // To cancel is what a key that is still held down does.
    (isAsked ? this.cancel : this.trigger).focus({ preventScroll: true });
  }

  #turn(isAsked) {
    this.buttons.hidden = isAsked;
    this.question.hidden = !isAsked;
    this.confirm.disabled = false;
  }

  async #go() {
    const { t, user } = this;
    this.confirm.disabled = true;
    try {
      const { connections } = await this.api.remove(`users/${encodeURIComponent(user)}/connections`);
      if (user !== this.user) return;
      this.#say(this.#words("thrown out", connections), "good");
    } catch (problem) {
      if (user !== this.user) return;
      this.#say(t("not thrown out", { problem: problem.message }), "bad");
    }
    this.#turn(false);
    this.trigger.focus({ preventScroll: true });
    this.done();
  }

  #words(key, count) {
    return this.t(`${key} ${count > 1 ? "some" : count}`, { user: this.user, count: number(count) });
  }

  #say(text, state) {
    this.result.dataset.state = state;
    say(this.result, text);
  }
}
