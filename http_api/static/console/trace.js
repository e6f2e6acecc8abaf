// The page "Trace": what one user, or one channel, gets, from the log and as it comes. It only reads.

import { fill, h, say, segments } from "./dom.js";
import { listed, namesIn } from "./listed.js";
import { followInto } from "./live.js";
import { channelOf, isSubscription, listenersOf, NameField, subscriptionsTo, userOf } from "./names.js";
import { addressOf } from "./place.js";
import { others } from "./row.js";
import { MessageStream } from "./stream.js";
import { Older } from "./older.js";
import { number, speaker } from "./words.js";
import words from "./words/trace.js";
import ofMessages from "./words/messages.js";

const NEWEST = 50; // Messages at first.
const t = speaker(words, ofMessages);

export function tracePage(app) {
  return new Trace(app);
}

/** `names` are what is traced: channels, wildcards, and `user:42`, as a client listens to them. */
class Trace {
  constructor(app) {
    this.app = app;
    this.names = [];
    this.kind = "users";
    this.counts = new Map();
    this.lastId = undefined; // Where to go on when the page is shown again.
    this.#build();
    this.#begin([]);
    app.addEventListener("stats", () => { if (this.isShown) this.#count(); });
  }

  #build() {
    const kinds = ["users", "channels"].map((id) => ({ id, label: t(`of ${id}`) }));
    this.field = new NameField(t, this.app.api, {
      id: "traced", isRight: isSubscription, taken: (names) => this.#take(names), emptied: () => this.#remove(this.names.at(-1)),
    });
    this.chips = h("div", { class: "chips" });
    this.state = h("p", { class: "state", role: "status" });
    this.stream = new MessageStream(t, {
      title: t("what is got"), empty: "", whom: (message) => this.#whom(message), mine: this.app.listener.channel,
    });
    this.older = new Older(t, this.app.api, this.stream);
    this.stream.bar.firstChild.after(this.older.button);
    const form = h("form", { class: "trace-form", onsubmit: (event) => { event.preventDefault(); this.field.take(); } },
      segments("traced-kind", t("whom to trace"), kinds, this.kind, (kind) => { this.#ask(kind); this.field.input.focus(); }),
      this.field.input, this.field.known, h("button", {}, t("start")), h("p", { class: "dim small" }, t("read only")));
    this.element = h("div", { class: "trace" },
      h("section", { class: "trace-head", "aria-label": t("whom to trace") }, form, this.chips, h("div", { class: "trace-told" }, this.field.problem, this.state)),
      this.stream.element);
  }

  /** With the names to trace, separated by commas; with none it goes on with those of before. */
  show(argument) {
    this.isShown = true;
    this.#ask(this.kind);
    if (argument) {
      const names = namesIn(argument).filter(Boolean);
      if (names.join() !== this.names.join()) this.#begin(names);
    } else if (this.names.length) {
      history.replaceState(null, "", `#${addressOf("trace", listed(this.names))}`);
    } else if (matchMedia("(hover: hover)").matches) this.field.input.focus({ preventScroll: true });
    this.#follow();
    this.#count();
  }

  hide() {
    this.isShown = false;
    this.end?.();
    this.older.stop();
  }

  #ask(kind) {
    this.kind = kind;
    this.field.ask(kind, t(`add ${kind}`));
  }

  /** A client is one user, and may listen to many channels. */
  #take(names) {
    if (this.kind === "channels") return this.#open([...this.names, ...names]);
    const [user] = names.map((name) => userOf(name) ?? name).slice(-1);
    return this.#open([channelOf(user), ...this.names.filter((name) => userOf(name) === undefined)]);
  }

  #remove(name) {
    this.#open(this.names.filter((each) => each !== name));
    this.field.input.focus();
  }

  #open(names) {
    if (!names.length) { this.#begin([]); this.end?.(); }
    this.app.open("trace", listed([...new Set(names)]));
  }

  #begin(names) {
    const wrong = names.find((name) => !isSubscription(name));
    this.names = wrong === undefined ? names : [];
    this.lastId = undefined;
    this.counts.clear();
    this.stream.clear();
    this.older.begin(this.names);
    this.element.dataset.state = this.names.length ? "some" : "none";
    say(this.stream.empty, t(this.names.length ? "nothing for them" : "name somebody"));
    fill(this.chips, this.names.map((name) => this.#chip(name)));
    this.#sayState();
    this.field.input.value = "";
    if (wrong !== undefined) this.field.refuse(t("no name", { name: wrong }));
  }

  #follow() {
    this.end?.();
    this.end = undefined;
    if (!this.names.length) return;
    const from = this.lastId ? { after: this.lastId } : { last: NEWEST };
    this.end = followInto(this.stream, this.app, { channels: listed(this.names), ...from }, {
      message: ({ id }) => { this.lastId = id; },
    });
  }

  #chip(name) {
    return h("span", { class: "chip" }, h("span", { class: "name", title: name }, name), " ", h("i", { dataset: { name } }, "…"),
      h("button", { type: "button", class: "quiet", ariaLabel: t("remove", { name }), onclick: () => this.#remove(name) }, "×"));
  }

  async #count() {
    const { names } = this;
    await Promise.all(names.map(async (name) => {
      const count = await listenersOf(this.app.api, name).catch(() => undefined);
      if (count !== undefined && names === this.names) this.counts.set(name, count);
    }));
    if (names !== this.names) return;
    for (const place of this.chips.querySelectorAll("[data-name]")) {
      const count = this.counts.get(place.dataset.name);
      place.dataset.state = count === 0 ? "nobody" : "";
      say(place, count === undefined ? "…" : number(count));
    }
    this.#sayState();
    this.older.look();
  }

  #sayState() {
    const user = this.names.map(userOf).find((name) => name !== undefined);
    const count = user === undefined ? undefined : this.counts.get(channelOf(user));
    this.state.dataset.state = count ? "good" : "";
    if (count === undefined) return say(this.state, "");
    const connections = t(count === 1 ? "1 connection" : "some connections", { count: number(count) });
    const alone = this.names.length === 1 ? ` ${t("add his channels")}` : "";
    return say(this.state, t(count ? "user is here" : "user is away", { user, connections }) + alone);
  }

  /** By which of its recipients they get a message, and why. */
  #whom({ to }) {
    if (!to.length) return [why(t("everybody"), t("why everybody"))];
    const reached = to.map((name) => [name, subscriptionsTo(name).find((each) => this.names.includes(each))]).filter(([, by]) => by !== undefined);
    const rest = to.filter((name) => !reached.some(([each]) => each === name));
    const found = reached.slice(0, 3).map(([name, by]) => why(name, reason(name, by)));
    const more = others([...reached.slice(3).map(([name]) => name), ...rest]);
    if (more) found.at(-1).lastChild.append(" ", more);
    return found;
  }
}

function reason(name, by) {
  if (userOf(name) !== undefined) return t("why user");
  return by === name ? t("why channel") : t("why wildcard", { wildcard: by });
}

function why(name, text) {
  return h("div", { class: "why" }, h("span", { class: "chip", title: name }, name), h("span", { class: "dim" }, text));
}
