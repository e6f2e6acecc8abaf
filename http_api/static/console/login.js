// Asks for one of PUSH_TOKENS, once. The tab keeps it and forgets it when it is closed.

import { fill, h, say } from "./dom.js";
import { speaker } from "./words.js";

const SENDABLE = /^[!-~]+$/; // What a header can hold; no token is anything else.
const t = speaker();

/** Show the question in `main`; resolves when a token was given, which is then `api`'s. */
export function login(api, main, wasRefused) {
  return new Promise((done) => {
    const field = h("input", { id: "token", type: "password", autocomplete: "off", required: true, "aria-describedby": "token-help token-problem" });
    const problem = h("p", { id: "token-problem", class: "problem", role: "alert" });
    const refuse = () => { say(problem, t("token wrong")); field.setAttribute("aria-invalid", "true"); };
    if (wasRefused) refuse();
    fill(main, h("form", {
      class: "card login",
      onsubmit: (event) => {
        event.preventDefault();
        const token = field.value.trim();
        if (!SENDABLE.test(token)) return refuse();
        api.useToken(token);
        done();
      },
    }, h("h2", {}, t("token asked")), h("p", { id: "token-help", class: "dim" }, t("token explained")),
    h("label", { htmlFor: "token" }, t("Token")), field, problem,
    h("button", {}, t("Go on"))));
    field.focus();
  });
}
