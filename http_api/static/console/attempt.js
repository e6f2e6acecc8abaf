// "Try it here": a page's own connection, with these channels and this token, and what comes of it, in words.

import { Refusal } from "./api.js";
import { claimsOf } from "./jwt.js";
import { h, say } from "./dom.js";
import { addresses, isMixed, whyRefused } from "./listener.js";
import { isName } from "./names.js";
import { MessageStream } from "./stream.js";
import { clock, duration } from "./words.js";

const UNTIL_OPENED = 300; // Milliseconds after the last change.
const CUT_OFF = 1006; // No close frame: a browser does not say why.

export class Attempt {
  /** `wanted()` gives `{channels, token}`. */
  constructor(t, app, wanted) {
    Object.assign(this, { t, app, wanted });
    this.center = null;
    this.turn = 0; // Counts connections: what an older one tells is not shown.
    this.button = h("button", { type: "button", class: "main", onclick: () => (this.center ? this.close() : this.open()) }, t("open"));
    this.push = h("button", { type: "button", class: "ghost", disabled: true, onclick: () => this.#push() }, t("push one"));
    this.state = h("p", { id: "try-state", role: "status" }, t("not open"));
    this.stream = new MessageStream(t, { title: t("try"), empty: t("nothing came") });
    this.element = h("div", { class: "try" }, this.stream.element);
    this.stream.bar.after(h("div", { class: "row" }, this.button, this.push, this.state));
  }

  async open() {
    const { t, app } = this;
    this.close();
    if (isMixed(app.about)) return this.#say("bad", t("mixed"));
    const turn = this.turn, { channels, token } = this.wanted();
    if (token && !claimsOf(token)) return this.#say("bad", t("is no token"));
    const { connect, problem } = await import(`${app.api.base}client.js`).catch((problem) => ({ problem }));
    if (turn !== this.turn) return;
    if (problem) return this.#say("bad", t("does not answer", { problem: problem.message }));
    const center = connect(addresses(app.about).socket, { channels, share: false, ...(token && { token }) });
    const mine = (act) => (event) => { if (turn === this.turn) act(event); };
    center.on("state", mine(({ state, code, reason, wait }) => this.#follow(state, code, reason, wait)));
    center.on("closed", mine(({ code, reason }) => this.#end(code, reason)));
    center.on("message", mine((message) => this.#show(message)));
    center.on("gap", mine(({ reason }) => this.stream.tell(t("gap", { reason: t(`gap ${reason}`) }))));
    this.center = center;
    say(this.button, t("close"));
    this.#say("", t("connecting"));
  }

  close(text) {
    const { center } = this;
    this.turn += 1;
    this.center = null;
    center?.close();
    say(this.button, this.t("open"));
    this.push.disabled = true;
    this.#say("", text ?? this.t("not open"));
  }

  /** Other channels or another token: what is open is opened anew with them. */
  again() {
    clearTimeout(this.timer);
    if (this.center) this.timer = setTimeout(() => { if (this.center) this.open(); }, UNTIL_OPENED);
    else if (this.wasRefused) this.#say("", this.t("not open"));
  }

  #follow(state, code, reason, wait) {
    const { t } = this;
    this.push.disabled = state !== "connected" || !this.#recipients();
    this.push.title = this.push.disabled ? t("push one, why not") : "";
    if (state === "connected") {
      const { channels } = this.wanted();
      const text = channels.length ? t("listens to", { channels: channels.join(", ") }) : t("listens");
      this.#say("good", text);
      this.stream.tell(text, "good");
    } else if (state === "waiting") this.#explain(code, reason, t("again", { time: duration(Math.round(wait / 100) / 10) }));
  }

  #end(code, reason) {
    this.close();
    this.#explain(code, reason, "", "bad");
  }

  async #explain(code, reason, next, kind = "warn") {
    const { t, turn, app } = this;
    const known = t(`code ${code}`);
    const said = known === `code ${code}` ? reason || t("lost") : known;
    const text = `${t("closed", { code, reason: said })} ${next}`;
    this.#say(kind, text);
    const why = code === CUT_OFF ? await whyRefused(app, { token: "", ...this.wanted() }) : null;
    const whole = why ? `${why} ${next}` : text;
    if (turn === this.turn) this.#say(kind, whole);
    if (this.told !== (why ?? said)) this.stream.tell(why ?? text, kind);
    this.told = why ?? said;
  }

  #show(message) {
    this.told = "";
    const delay = Math.max(0, Math.round(Date.now() + this.app.ahead - message.time));
    this.stream.add({ ...message, to: message.channel ? [message.channel] : [] }, delay);
  }

  /** To whom a message can be pushed that comes here and not to everybody; undefined if to nobody. */
  #recipients() {
    const { channels, token } = this.wanted();
    const names = channels.filter((name) => isName(name) && !name.startsWith("user:"));
    const user = token ? claimsOf(token)?.sub : undefined;
    if (!names.length && user === undefined) return undefined;
    return { ...(names.length && { channels: names }), ...(user !== undefined && { users: [user] }) };
  }

  async #push() {
    const { t, app } = this;
    try {
      await app.api.post("push", { content: t("test", { time: clock(Date.now()) }), ...this.#recipients() });
    } catch (problem) {
      this.stream.tell(problem instanceof Refusal ? problem.message : t("does not answer", { problem: problem.message }), "bad");
    }
  }

  #say(state, text) {
    this.wasRefused = state === "bad";
    this.state.dataset.state = state;
    say(this.state, text);
  }
}
