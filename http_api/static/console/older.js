// A button that shows what was pushed before the oldest message of a stream, page by page.

import { h, say } from "./dom.js";
import { listed } from "./listed.js";
import { number } from "./words.js";

const PAGE = 50; // Messages.
const LOOKS = 10; // For one press: the server looks at 3200 messages for each.
const LOOKED = 3200;

export class Older {
  constructor(t, api, stream) {
    Object.assign(this, { t, api, stream });
    this.button = h("button", { type: "button", class: "ghost older", onclick: () => this.#press() });
    this.begin([]);
  }

  /** From now on for those who listen to these. */
  begin(names) {
    this.stop();
    this.names = names;
    this.place = {}; // Before which id to go on, as long as `row` is the oldest message.
    this.look();
  }

  /** It looks no further. */
  stop() {
    this.looking?.abort();
    this.looking = undefined;
    this.look();
  }

  /** Say whether there may be older ones: newer ones may have pushed some out of the stream. */
  look() {
    const { t, looking, place, names = [] } = this;
    const isEnd = place?.isEnd && place.row === this.stream.oldest;
    this.button.disabled = Boolean(looking) || isEnd || !names.length;
    say(this.button, t(looking ? "looking" : isEnd ? "no older" : "older"));
  }

  async #press() {
    const { t, stream } = this;
    const looking = new AbortController();
    this.looking = looking;
    this.look();
    try {
      await this.#find(looking.signal);
    } catch (problem) {
      if (!looking.signal.aborted) stream.tell(t("not looked", { problem: problem.message }), "bad");
    }
    if (looking.signal.aborted) return;
    this.looking = undefined;
    this.look();
  }

  async #find(signal) {
    const { t, stream } = this;
    const row = stream.oldest;
    let before = this.place.row === row ? this.place.before ?? row : row;
    for (let look = 0; look < LOOKS; look += 1) {
      const page = await this.api.get("messages", { channels: listed(this.names), before, last: PAGE }, signal);
      if (page.gap) stream.tell(t("gap", { reason: t(`gap ${page.gap.reason}`) }));
      before = page.previous ?? before;
      const isEnd = !page.more;
      // If there was none yet, those on the page may have come meanwhile, too.
      const known = page.messages.findIndex(({ id }) => id === stream.oldest);
      const messages = known < 0 ? page.messages : page.messages.slice(0, known);
      stream.addOlder(messages);
      this.place = { row: stream.oldest, before, isEnd };
      if (messages.length || isEnd) return;
    }
    stream.tell(t("looked back", { count: number(LOOKS * LOOKED) }));
  }
}
