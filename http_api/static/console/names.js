// Names of users and channels: what can be one, who listens to it, and a field that suggests those who are here.

import { fill, h, refuse } from "./dom.js";
import { namesIn } from "./listed.js";

const NAME = /^[A-Za-z0-9_.:@=,;-]{1,200}$/;
const USER = "user:";
const CONSOLE = /^console-\d+-\d+$/; // As Listener makes them.
const SUGGESTED = 20;
const UNTIL_ASKED = 200; // Milliseconds after the last key.

/** Whether something can be pushed to it: `user:42` is the channel of user 42. */
export const isName = (text) => NAME.test(text);

/** Whether somebody can listen to it: a name, or a wildcard such as `news.*`. */
export function isSubscription(text) {
  return isName(text) || (text.endsWith(".*") && isName(text.slice(0, -2)) && !text.startsWith(USER));
}

/** The user whose channel it is; undefined if it is another one. */
export const userOf = (name) => (name.startsWith(USER) ? name.slice(USER.length) : undefined);

/** Whether it is the channel that a console has for itself. */
export const isOfConsole = (name) => CONSOLE.test(name);

export const channelOf = (user) => USER + user;

/** The channel, and the wildcards that match it: common/channels.py has the rule. */
export function subscriptionsTo(name) {
  const found = [name];
  if (name.startsWith(USER)) return found;
  for (let dot = name.indexOf(".", 1); dot > 0; dot = name.indexOf(".", dot + 1)) found.push(`${name.slice(0, dot)}.*`);
  return found;
}

/** How many connections ask for exactly this, a channel, a wildcard or `user:42`. */
export async function listenersOf(api, name, signal) {
  const user = userOf(name);
  if (user !== undefined) return (await api.get(`users/${encodeURIComponent(user)}`, {}, signal)).connections;
  // Of names that begin so, it is the first. To ask for the channel itself would list all who are in it.
  const [first] = (await api.get("channels", { prefix: name, limit: 1 }, signal)).channels;
  return first?.channel === name ? first.connections : 0;
}

/** An input for names, with those who are here as suggestions, and a place for what is wrong with them. */
export class NameField {
  /**
   * `isRight(name)` says what may stand in it, `taken(names)` gets what was entered, and `emptied()` is called
   * for a Backspace in the empty field. `t` has the words "no name".
   */
  constructor(t, api, { id, isRight = isName, taken, emptied = () => {} }) {
    Object.assign(this, { t, api, isRight, taken, emptied });
    this.kind = "";
    this.known = h("datalist", { id: `${id}-known` });
    this.problem = h("p", { id: `${id}-problem`, class: "problem", role: "status" });
    this.input = h("input", {
      id, autocomplete: "off", spellcheck: false, "aria-describedby": this.problem.id,
      onkeydown: (event) => this.#key(event), onchange: () => this.take(), oninput: () => this.#typed(),
    });
    this.input.setAttribute("list", this.known.id);
  }

  /** Ask for `users` or `channels` from now on, with this as the label. */
  ask(kind, label) {
    this.kind = kind;
    this.input.placeholder = label;
    this.input.ariaLabel = label;
    this.refuse("");
    this.#suggest();
  }

  /** Hand out what stands in the field; false if it cannot be names. */
  take() {
    const names = namesIn(this.input.value.trim()).map((name) => name.trim()).filter(Boolean);
    const wrong = names.find((name) => !this.isRight(name));
    this.refuse(wrong === undefined ? "" : this.t("no name", { name: wrong }));
    if (wrong !== undefined) return false;
    const hadFocus = document.activeElement === this.input;
    this.input.value = "";
    if (names.length) this.taken(names);
    if (hadFocus) this.input.focus(); // Whoever takes them may have moved the field.
    return true;
  }

  /** Say what is wrong; "" if nothing is. */
  refuse(text) { refuse(this.input, this.problem, text); }

  #key(event) {
    if ((event.key === "," && !this.input.value.startsWith("[")) || (event.key === "Enter" && !event.ctrlKey && !event.metaKey)) {
      event.preventDefault();
      this.take();
    } else if (event.key === "Backspace" && !this.input.value) this.emptied();
  }

  #typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#suggest(), UNTIL_ASKED);
  }

  async #suggest() {
    const { kind } = this;
    const prefix = this.input.value.trim();
    if (prefix && !isSubscription(prefix)) return;
    const answer = await this.api.get(kind, { prefix, limit: SUGGESTED }).catch(() => null);
    if (!answer || kind !== this.kind) return;
    const one = kind.slice(0, -1);
    fill(this.known, answer[kind].filter((each) => this.isRight(each[one])).map((each) => h("option", { value: each[one] })));
  }
}
