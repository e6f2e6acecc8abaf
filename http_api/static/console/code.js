// A box with code in the language that is chosen, and a button that copies it.

import { copyButton, fill, h, say } from "./dom.js";

export class CodeBox {
  /**
   * `load()` gives a module that exports the choices as `list`, and as `make` what writes the code: it gets
   * the choice, and the arguments of `show`. The choice is remembered for next time.
   */
  constructor(t, { name, load, list, make }) {
    this.name = name;
    this.text = "";
    this.code = h("code", {});
    this.choices = h("div", { class: "languages" });
    this.element = h("div", { class: "code" },
      h("div", { class: "head" }, this.choices, copyButton(t, () => this.text)),
      h("pre", { tabIndex: 0, role: "region", ariaLabel: t("code") }, this.code));
    load().then((module) => this.#begin(t, module[list], module[make]), () => say(this.code, t("no code")));
  }

  /** Write the code for these. */
  show(...given) {
    this.given = given;
    if (!this.make) return;
    this.text = this.make(this.chosen, ...given);
    say(this.code, this.text);
  }

  #begin(t, choices, make) {
    this.make = make;
    const remembered = localStorage.getItem(this.name);
    this.chosen = choices.some(({ id }) => id === remembered) ? remembered : choices[0].id;
    fill(this.choices, h("fieldset", { class: "tabs" }, h("legend", { class: "unseen" }, t("code")),
      choices.map(({ id, label }) => h("label", {},
        h("input", { type: "radio", name: this.name, value: id, checked: id === this.chosen, onchange: () => this.#choose(id) }),
        h("span", {}, label)))));
    if (this.given) this.show(...this.given);
  }

  #choose(id) {
    this.chosen = id;
    localStorage.setItem(this.name, id);
    this.show(...this.given);
  }
}
