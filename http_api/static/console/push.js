// The push card: what to push, to whom, what came of it, and the same push as code.

import { CodeBox } from "./code.js";
import { h, refuse, say } from "./dom.js";
import { Refusal } from "./api.js";
import { addresses } from "./listener.js";
import { channelOf, userOf } from "./names.js";
import { Receipt } from "./receipt.js";
import { Recipients } from "./recipients.js";
import { jsonOf } from "./row.js";
import { languagesOf, snippet } from "./snippets.js";
import { speaker } from "./words.js";
import words from "./words/push.js";

const FORGET = 60000; // Milliseconds after which a push is not waited for any more.
const SLOW = 300; // Milliseconds after which it is said that there is no answer yet.
const AT_RECIPIENTS = /channel|user/; // Errors that are about the recipients.
const AT_CONTENT = /content|json|body/;
const t = speaker(words);

export class PushCard {
  constructor(app) {
    this.app = app;
    this.pending = new Map(); // What was pushed and not seen yet: when, and how long Redis took.
    this.#build();
    this.#changed();
  }

  #build() {
    const { app } = this;
    const changed = () => this.#changed();
    this.content = h("textarea", {
      id: "content", rows: 4, value: t("example"), spellcheck: false, autocomplete: "off", oninput: changed,
      "aria-describedby": "content-problem",
    });
    this.asJson = h("input", { type: "checkbox", checked: true, onchange: changed });
    this.kind = h("span", {});
    this.problem = h("p", { id: "content-problem", class: "problem", role: "status" });
    this.recipients = new Recipients(t, app, changed);
    this.button = h("button", { class: "main" }, t("Push"), h("small", { "aria-hidden": "true" }, t("keys")));
    this.receipt = new Receipt(t, app, changed);
    this.result = h("p", { id: "result", class: "result", role: "status" });
    this.code = new CodeBox(t, { name: "language", choices: languagesOf(app.about.dialects), make: snippet });
    const form = h("form", {
      id: "push",
      onsubmit: (event) => {
        event.preventDefault();
        // What stands in the field is not chosen yet: only after the check it is known to whom it is.
        if (this.recipients.check()) this.#push(this.#wanted());
      },
      onkeydown: (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
      },
    },
    h("h2", {}, h("label", { htmlFor: "content" }, t("Push"))), this.content,
    h("label", { class: "check" }, this.asJson, this.kind), this.problem,
    this.recipients.element, h("div", { class: "act" }, h("div", { class: "how" }, this.receipt.choice, this.button), this.result),
    this.receipt.element);
    this.element = h("section", { class: "send", "aria-label": t("Push") }, form, h("h2", {}, t("same push")), this.code.element);
  }

  focus() {
    if (matchMedia("(hover: hover)").matches) this.content.focus({ preventScroll: true });
  }

  /** To a channel, or to a user as `user:42`. */
  choose(name) {
    const user = userOf(name);
    if (user === undefined) this.recipients.choose("channels", [name]);
    else this.recipients.choose("users", [user]);
  }

  /** Push a message of the stream once more. */
  again({ content, to, event }) {
    const users = to.map(userOf).filter((user) => user !== undefined);
    this.#push({ content, channels: to.filter((name) => userOf(name) === undefined), users, event });
  }

  /** A message has come: perhaps it is what was pushed here. */
  seen(message) {
    const key = keyOf(message.content, message.to);
    const pushed = this.pending.get(key);
    if (!pushed) return;
    this.pending.delete(key);
    pushed.seen = performance.now() - pushed.begun;
    this.#report(pushed);
  }

  /** What the form says: `{content, channels, users}`. */
  #wanted() {
    const { kind, names } = this.recipients.chosen();
    return { content: this.#content(), channels: kind === "channels" ? names : [], users: kind === "users" ? names : [] };
  }

  #content(value = jsonOf(this.content.value)) {
    return value !== undefined && this.asJson.checked ? value : this.content.value;
  }

  #changed() {
    const value = jsonOf(this.content.value), isJson = value !== undefined;
    this.asJson.disabled = !isJson;
    say(this.kind, t(isJson ? "as JSON" : "as text"));
    refuse(this.content, this.problem, "");
    const { about, api } = this.app;
    const server = {
      api: api.address(), token: api.token, redis: about.redis, key: about.key, pusher: about.dialects.pusher, listen: addresses(about).socket,
    };
    this.code.show({ content: this.#content(value), to: this.recipients.chosen(), receipt: this.receipt.isWanted }, server);
  }

  async #push({ content, channels, users, event }) {
    const pushed = { begun: performance.now(), confirmed: null, seen: null };
    const key = keyOf(content, [...channels, ...users.map(channelOf)]);
    this.pending.set(key, pushed);
    setTimeout(() => { if (this.pending.get(key) === pushed) this.pending.delete(key); }, FORGET);
    refuse(this.content, this.problem, "");
    this.latest = pushed;
    this.receipt.forget();
    const receipt = this.receipt.isWanted;
    const slow = setTimeout(() => this.#sayResult("", t("pushing")), SLOW);
    try {
      const to = { ...(channels.length && { channels }), ...(users.length && { users }) };
      const { id } = await this.app.api.post("push", { content, ...to, event, ...(receipt && { receipt }) });
      pushed.confirmed = performance.now() - pushed.begun;
      if (id !== undefined && pushed === this.latest) this.receipt.follow(id);
      this.#report(pushed);
    } catch (problem) {
      this.pending.delete(key);
      if (pushed === this.latest) this.#fail(problem);
    } finally {
      clearTimeout(slow);
    }
  }

  #report(pushed) {
    if (pushed !== this.latest || pushed.confirmed === null) return; // The newest is told of.
    const { about } = this.app;
    const parts = [t("confirmed", { ms: short(pushed.confirmed) })];
    if (pushed.seen !== null) parts.push(t("seen", { ms: short(pushed.seen) }));
    // The figures first: a reader of the line wants them, and knows the reason the second time.
    const late = about.delivery === "timer" && (pushed.seen === null || pushed.seen > 50);
    this.#sayResult("good", parts.join(" · ") + (late ? ` ${t("timer", { seconds: about.poll_interval })}` : ""));
  }

  #fail(problem) {
    const { error = "", message } = problem;
    const said = error === "content_empty" ? t("no content") : message; // The API says that one in Chinese always.
    const text = problem instanceof Refusal ? said : t("unreachable", { problem: message });
    this.#sayResult("bad", t("not pushed"));
    if (AT_RECIPIENTS.test(error)) this.recipients.refuse(text);
    else if (AT_CONTENT.test(error)) refuse(this.content, this.problem, text);
    else say(this.result, text);
  }

  #sayResult(state, text) {
    this.result.dataset.state = state;
    say(this.result, text);
  }
}

function keyOf(content, to) {
  return JSON.stringify([content, [...to].sort()]);
}

function short(time) {
  return time < 10 ? time.toFixed(1) : Math.round(time);
}
