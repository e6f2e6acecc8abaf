// The token of a listener: made here where the server signs for who asks, else pasted, with the claims that a
// backend has to sign. What it allows is said, and it is kept for this tab only.

import { copyButton, h, say } from "./dom.js";
import { claimsFor, claimsOf, forbidden } from "./jwt.js";
import { tab } from "./storage.js";
import { duration } from "./words.js";

const LIFETIMES = [600, 3600, 86400]; // Seconds; a day is the longest.
const KEPT = "listen-token";
const AT_USER = /user/;

export class TokenCard {
  /** `wanted()` gives the channels that are to be listened to; `changed()` is called when there is another token. */
  constructor(t, app, { wanted, changed }) {
    Object.assign(this, { t, app, wanted, changed });
    const { tokens } = app.about.listen;
    this.token = tokens === "none" ? "" : tab.get(KEPT);
    this.#build(tokens, app.about.signs);
    this.look();
  }

  #build(tokens, signs) {
    const { t } = this;
    const title = h("h2", {}, t("Token"));
    if (tokens === "none") {
      this.element = h("section", { class: "token", "aria-label": t("Token") }, title, h("p", { class: "hint" }, t("no token needed")));
      return;
    }
    this.element = h("section", { class: "token", "aria-label": t("Token") },
      title, h("p", { class: "hint" }, t(signs ? "signed here" : `signed elsewhere, ${tokens}`)), this.#form(signs), ...this.#pasted());
  }

  #form(signs) {
    const { t } = this;
    this.user = h("input", { id: "token-user", autocomplete: "off", spellcheck: false, placeholder: t("nobody in particular"), "aria-describedby": "token-made", oninput: () => this.look() });
    this.lifetime = h("select", { id: "token-lifetime", onchange: () => this.look() },
      LIFETIMES.map((seconds) => h("option", { value: seconds, selected: seconds === 3600 }, duration(seconds))));
    this.made = h("p", { id: "token-made", class: "problem", role: "status" });
    this.claims = h("code", {});
    const claims = h("div", { class: "claims" }, copyButton(t, () => this.claims.textContent, "quiet"),
      h("pre", { tabIndex: 0, role: "region", ariaLabel: t("claims") }, this.claims));
    return h("form", { onsubmit: (event) => { event.preventDefault(); if (signs) this.#make(); } },
      h("div", { class: "fields" },
        h("label", { htmlFor: "token-user" }, t("user")), this.user, h("label", { htmlFor: "token-lifetime" }, t("good for")), this.lifetime,
        signs ? h("button", { class: "main" }, t("make")) : null),
      this.made, signs ? null : claims);
  }

  #pasted() {
    const { t } = this;
    this.field = h("textarea", {
      id: "listen-token", rows: 3, value: this.token, spellcheck: false, autocomplete: "off", placeholder: t("paste"),
      "aria-describedby": "token-says", oninput: () => this.#take(this.field.value.trim()),
    });
    this.says = h("p", { id: "token-says", class: "says", role: "status" });
    return [h("div", { class: "row" }, h("label", { htmlFor: "listen-token" }, t("the token")), copyButton(t, () => this.token, "quiet")), this.field, this.says];
  }

  /** Say anew what it allows: the channels may be others, and time goes on. */
  look() {
    if (!this.field) return;
    const { t } = this, asked = { user: this.user.value.trim(), channels: this.wanted(), seconds: Number(this.lifetime.value) };
    say(this.claims, JSON.stringify(claimsFor(asked, Date.now() + this.app.ahead), null, 2));
    const [state, text] = this.token ? this.#allows(claimsOf(this.token)) : ["", t("no token yet")];
    this.says.dataset.state = state;
    say(this.says, text);
    if (state === "bad") this.field.setAttribute("aria-invalid", "true");
    else this.field.removeAttribute("aria-invalid");
  }

  #allows(claims) {
    const { t } = this;
    if (!claims) return ["bad", t("is no token")];
    const left = typeof claims.exp === "number" ? claims.exp - (Date.now() + this.app.ahead) / 1000 : Infinity;
    if (left <= 0) return ["bad", t("has expired")];
    const channels = Array.isArray(claims.channels) ? claims.channels : [];
    const says = [
      claims.sub === undefined ? t("for nobody in particular") : t("for user", { user: claims.sub }),
      channels.length ? t("for channels", { channels: channels.join(", ") }) : t("for everybody's only"),
      left === Infinity ? t("for ever") : t("until", { time: new Date(claims.exp * 1000).toLocaleTimeString(), left: duration(Math.ceil(left / 60) * 60) }),
    ];
    const missing = forbidden(claims, this.wanted());
    return missing.length ? ["warn", [t("does not allow", { channels: missing.join(", ") }), ...says].join(" · ")] : ["good", says.join(" · ")];
  }

  async #make() {
    const user = this.user.value.trim();
    const asked = { ...(user && { user }), channels: this.wanted(), seconds: Number(this.lifetime.value) };
    try {
      const { token } = await this.app.api.post("tokens", asked);
      say(this.made, "");
      this.user.removeAttribute("aria-invalid");
      this.field.value = token;
      this.#take(token);
    } catch (problem) {
      say(this.made, problem.message);
      if (!AT_USER.test(problem.error)) return;
      this.user.setAttribute("aria-invalid", "true");
      this.user.focus();
    }
  }

  #take(token) {
    this.token = token;
    tab.set(KEPT, token);
    this.look();
    this.changed();
  }
}
