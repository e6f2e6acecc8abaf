// What enters the log, followed into a stream of rows: with its delay, and with what happens to the connection.
// `t` of the stream has the words of words/messages.js.

import { duration, number } from "./words.js";

const SAY_SKIPPED = 1000; // Milliseconds: of a sample, how many were left out is said once in so many.

/**
 * Follow into `stream` what `query` asks for. `on` may have `message(message)`, which is called for each and says
 * false to leave it out, and `open()`, for each time it is connected. Returns what ends it.
 */
export function followInto(stream, app, query, { message = () => true, open = () => {} } = {}) {
  const { t } = stream;
  // What entered the log before is history, and nobody saw how long it took.
  let since = Infinity, isAway = false, skipped = 0;
  return app.api.follow(query, {
    message(each) {
      if (message(each) === false) return;
      const now = Date.now() + app.ahead;
      stream.add(each, each.time >= since ? Math.max(0, Math.round(now - each.time)) : null);
    },
    open({ complete, away }) {
      since = Date.now() + app.ahead;
      isAway = false;
      const time = duration(Math.round(away / 100) / 10);
      if (away) stream.tell(t(complete ? "back" : "back with gap", { time }), complete ? "good" : "warn");
      open();
    },
    skipped({ count }) {
      if (!skipped) setTimeout(() => { stream.tell(t("skipped", { count: number(skipped) })); skipped = 0; }, SAY_SKIPPED);
      skipped += count;
    },
    gap({ reason }) { stream.tell(t("gap", { reason: t(`gap ${reason}`) }), "warn"); },
    lost(problem) {
      if (!isAway) stream.tell(t("lost", { problem: problem.message }), "bad");
      isAway = true;
    },
  });
}
