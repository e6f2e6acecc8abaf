// The page "Messages": a push card, and everything that enters the log, as it comes.

import { h } from "./dom.js";
import { listed } from "./listed.js";
import { followInto } from "./live.js";
import { isOfConsole } from "./names.js";
import { PushCard } from "./push.js";
import { tab } from "./storage.js";
import { MessageStream } from "./stream.js";
import { speaker } from "./words.js";
import words from "./words/messages.js";

const NEWEST = 50; // Messages at load.
const MOST = 50; // Messages a second: nobody reads more, and each costs the server something.
const UNTIL_CONNECTED = 1500; // Milliseconds that the hello waits for the listener.
const t = speaker(words);

export function messagesPage(app) {
  const mine = app.listener.channel;
  const card = new PushCard(app);
  const again = (message) => card.again(message);
  const stream = new MessageStream(t, { title: t("arriving"), empty: t("nothing yet"), again, mine });
  const element = h("div", { class: "two" }, card.element, stream.element);
  const { scope } = app.about.push;
  if (scope) stream.tell(t("scope", { may: inWords(scope) }));
  let greeted = Boolean(scope) || tab.get("greeted") === mine;
  followInto(stream, app, { channels: namesOf(scope), last: NEWEST, sample: MOST }, {
    message(message) {
      if (isOfAnotherConsole(message, mine)) return false;
      card.seen(message);
      return true;
    },
    open() {
      if (!greeted) greet(app, mine).catch((problem) => stream.tell(problem.message, "bad"));
      greeted = true;
    },
  });
  /** With a channel, or `user:42`, the card is made ready for a push to it. */
  function show(name) {
    if (name) card.choose(name);
    card.focus();
  }
  return { element, show };
}

/** What a token with a scope may do. */
function inWords({ push, everybody, read, ...flags }) {
  const names = { push: everybody ? [t("everybody"), ...push] : push, read };
  const listed = Object.entries(names).filter(([, some]) => some.length).map(([right, some]) => t(`may ${right}`, { names: some.join(", ") }));
  return [...listed, ...Object.keys(flags).filter((flag) => flags[flag]).map((flag) => t(`may ${flag}`))].join("; ");
}

/** What can be asked for, if that is not everything. */
function namesOf(scope) {
  if (!scope || ["*", "user:*"].every((all) => scope.read.includes(all))) return undefined;
  return listed(scope.read.filter((name) => name !== "*" && name !== "user:*")) || undefined;
}

/** The hello of another console is nobody else's, here neither. */
export function isOfAnotherConsole({ to }, mine) {
  return to.length === 1 && isOfConsole(to[0]) && to[0] !== mine;
}

/** Push a message to this console alone, once for each tab. */
async function greet({ api, listener }, mine) {
  if (listener.state === "connecting") {
    await new Promise((done) => {
      listener.addEventListener("change", done, { once: true });
      setTimeout(done, UNTIL_CONNECTED);
    });
  }
  await api.post("push", { content: t("hello"), channels: [mine] });
  tab.set("greeted", mine);
}
