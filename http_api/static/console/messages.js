// The page "Messages": a push card, and everything that enters the log, as it comes.

import { h } from "./dom.js";
import { PushCard } from "./push.js";
import { MessageStream } from "./stream.js";
import { duration, speaker } from "./words.js";
import words from "./words/messages.js";

const NEWEST = 50; // Messages at load.
const OWN = /^console-\d+-\d+$/; // A console's own channel, such as Listener makes.
const UNTIL_CONNECTED = 1500; // Milliseconds that the hello waits for the listener.
const t = speaker(words);

export function messagesPage(app) {
  const mine = app.listener.channel;
  const card = new PushCard(app);
  const again = (message) => card.again(message);
  const stream = new MessageStream(t, { title: t("arriving"), empty: t("nothing yet"), again, mine });
  const element = h("div", { class: "two" }, card.element, stream.element);
  // What entered the log before is history, and nobody saw how long it took.
  let since = Infinity, isAway = false, greeted = sessionStorage.getItem("greeted") === mine;

  app.api.follow({ last: NEWEST }, {
    message(message) {
      if (isOfAnotherConsole(message, mine)) return;
      const now = Date.now() + app.ahead;
      stream.add(message, message.time >= since ? Math.max(0, Math.round(now - message.time)) : null);
      card.seen(message);
    },
    open({ complete, away }) {
      since = Date.now() + app.ahead;
      isAway = false;
      const time = duration(Math.round(away / 100) / 10);
      if (away) stream.tell(t(complete ? "back" : "back with gap", { time }), complete ? "good" : "warn");
      if (!greeted) greet(app, mine).catch((problem) => stream.tell(problem.message, "bad"));
      greeted = true;
    },
    gap({ reason }) { stream.tell(t("gap", { reason: t(`gap ${reason}`) }), "warn"); },
    lost(problem) {
      if (!isAway) stream.tell(t("lost", { problem: problem.message }), "bad");
      isAway = true;
    },
  });
  return { element, show: () => card.focus() };
}

/** The hello of another console is nobody else's, here neither. */
export function isOfAnotherConsole({ to }, mine) {
  return to.length === 1 && OWN.test(to[0]) && to[0] !== mine;
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
  sessionStorage.setItem("greeted", mine);
}
