// A box with code in the language that is chosen, and a button that copies it.

import { copyButton, h, say } from "./dom.js";
import { browser } from "./storage.js";

export class CodeBox {
  /**
   * `choices` are [{ id, label }], and `make` writes the code: it gets the choice, and the arguments of `show`.
   * The choice is remembered for next time.
   */
  constructor(t, { name, choices, make }) {
    this.name = name;
    this.make = make;
    this.text = "";
    this.code = h("code", {});
    const remembered = browser.get(name);
    this.chosen = choices.some(({ id }) => id === remembered) ? remembered : choices[0].id;
    this.element = h("div", { class: "code" },
      h("div", { class: "head" }, this.#tabs(t, choices), copyButton(t, () => this.text)),
      h("pre", { tabIndex: 0, role: "region", ariaLabel: t("code") }, this.code));
  }

  /** Write the code for these. */
  show(...given) {
    this.given = given;
    this.text = this.make(this.chosen, ...given);
    say(this.code, this.text);
  }

  #tabs(t, choices) {
    return h("fieldset", { class: "tabs" }, h("legend", { class: "unseen" }, t("code")),
      choices.map(({ id, label }) => h("label", {},
        h("input", { type: "radio", name: this.name, value: id, checked: id === this.chosen, onchange: () => this.#choose(id) }),
        h("span", {}, label))));
  }

  #choose(id) {
    this.chosen = id;
    browser.set(this.name, id);
    this.show(...this.given);
  }
}
