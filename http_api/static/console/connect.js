// The page "Connect a page": the code of pages that listen, filled in with this host, and a connection to try it.

import { Attempt } from "./attempt.js";
import { CodeBox } from "./code.js";
import { copyButton, fill, h } from "./dom.js";
import { isMixed } from "./listener.js";
import { isSubscription, NameField } from "./names.js";
import { kindsOf, page } from "./pages.js";
import { TokenCard } from "./token_card.js";
import { speaker } from "./words.js";
import words from "./words/connect.js";
import messages from "./words/messages.js";

const EVERY = 30000; // Milliseconds between two looks at how long a token is good for.
const t = speaker(words, messages);

export function connectPage(app) {
  const { about, api, listener } = app;
  const names = new Set();
  const wanted = () => ({ channels: [...names], token: token.token });
  const changed = () => {
    token.look();
    code.show({ listen: listener.addresses.socket, events: listener.addresses.events, client: `${api.base}client.js`, pusher: about.dialects.pusher, ...wanted() });
    attempt.again();
  };
  const channels = channelsCard(app, names, changed);
  const token = new TokenCard(t, app, { wanted: () => [...names], changed: () => changed() });
  const attempt = new Attempt(t, app, wanted);
  const code = new CodeBox(t, { name: "kind", choices: kindsOf(about.dialects).map(({ id }) => ({ id, label: t(`kind ${id}`) })), make: page });
  const element = h("div", { class: "two connect" },
    h("div", { class: "setup" }, addressCard(app), channels, token.element),
    h("div", { class: "work" }, h("section", { class: "pages", "aria-label": t("the page") }, h("h2", {}, t("the page")), code.element), attempt.element));
  changed();
  setInterval(() => { if (element.isConnected) token.look(); }, EVERY);
  return { element, show: () => token.look() };
}

function addressCard({ about, listener }) {
  const { socket } = listener.addresses;
  return h("section", { "aria-label": t("where") },
    h("h2", {}, t("where")),
    h("div", { class: "row" }, h("code", { class: "address" }, socket), copyButton(t, () => socket, "quiet")),
    hints(about).map((text) => h("p", { class: "hint" }, text)));
}

/** What would keep pages from listening, each in a line; none if nothing does. */
function hints(about) {
  const { url, origins } = about.listen;
  const isHere = /^(localhost|127\..*|\[::1\])$/.test(location.hostname);
  return [
    isMixed(about) && t("hint mixed"),
    origins && t("hint origins", { origins: origins.join(", ") }),
    !url && !isHere && !isMixed(about) && t("hint port", { port: about.listen.port }),
  ].filter(Boolean);
}

function channelsCard({ api }, names, changed) {
  const chips = h("div", { class: "chips" });
  const show = () => fill(chips, [...names].map(chip), field.input);
  const remove = (name) => {
    if (!names.delete(name)) return;
    show();
    field.input.focus();
    changed();
  };
  const field = new NameField(t, api, {
    id: "listen-to", isRight: isSubscription, emptied: () => remove([...names].pop()),
    taken: (given) => { given.forEach((name) => names.add(name)); show(); changed(); },
  });
  const chip = (name) => h("span", { class: "chip" }, name,
    h("button", { type: "button", class: "quiet", ariaLabel: t("remove", { name }), onclick: () => remove(name) }, "×"));
  field.ask("channels", t("add channels"));
  show();
  return h("section", { "aria-label": t("channels") }, h("h2", {}, t("channels")), h("p", { class: "hint" }, t("channels explained")), chips, field.known, field.problem);
}
