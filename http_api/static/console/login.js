// Asks for one of PUSH_TOKENS, once. The tab keeps it and forgets it when it is closed.

import { fill, h } from "./dom.js";
import { speaker } from "./words.js";

const t = speaker();

/** Show the question in `main`; resolves when a token was given, which is then `api`'s. */
export function login(api, main, wasRefused) {
  return new Promise((done) => {
    const field = h("input", { id: "token", type: "password", autocomplete: "off", required: true, "aria-describedby": "token-help token-problem" });
    const problem = h("p", { id: "token-problem", class: "problem", role: "alert" }, wasRefused ? t("token wrong") : "");
    if (wasRefused) field.setAttribute("aria-invalid", "true");
    fill(main, h("form", {
      class: "card login",
      onsubmit: (event) => {
        event.preventDefault();
        api.useToken(field.value.trim());
        done();
      },
    }, h("h2", {}, t("token asked")), h("p", { id: "token-help", class: "dim" }, t("token explained")),
    h("label", { htmlFor: "token" }, t("Token")), field, problem,
    h("button", {}, t("Go on"))));
    field.focus();
  });
}
