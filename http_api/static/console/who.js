// The page "Who is here": users and channels with their connections over all processes, and one of them in detail.

import { Detail } from "./detail.js";
import { h, say } from "./dom.js";
import { userOf } from "./names.js";
import { NamesTable } from "./names_table.js";
import { number, speaker } from "./words.js";
import words from "./words/who.js";

const t = speaker(words);

export function whoPage(app) {
  const totals = h("p", { class: "totals" });
  const table = new NamesTable(t, app);
  const detail = new Detail(t, app);
  const element = h("div", { class: "who" },
    h("section", { class: "names", "aria-label": t("Who") }, totals, table.element), detail.element);
  let isShown = false;

  function look() {
    if (!isShown) return;
    say(totals, app.stats ? inWords(app.stats) : app.why);
    table.look(app.stats?.totals?.exact === false ? t("not exact") : "");
    detail.look();
  }

  app.addEventListener("stats", look);
  return {
    element,
    /** With a channel, a wildcard or `user:42`, that one is shown in detail. */
    show(name) {
      const wasChosenHere = table.holdsFocus() || detail.holdsFocus();
      isShown = true;
      if (name && !wasChosenHere) table.list(userOf(name) === undefined ? "channels" : "users");
      table.mark(name);
      detail.show(name);
      if (name && wasChosenHere) detail.focus();
      look();
    },
    hide() { isShown = false; },
  };
}

/** How many connections there are, at how many processes, and of which kinds. */
function inWords(stats) {
  if (!stats.totals) return t("no figures");
  const servers = stats.processes.filter(({ kind }) => kind === "ws");
  const kinds = new Map();
  servers.forEach(({ connections }) => Object.entries(connections).forEach(([kind, count]) => kinds.set(kind, (kinds.get(kind) ?? 0) + count)));
  const { connections } = stats.totals;
  const whole = t("totals", {
    connections: t(connections === 1 ? "1 connection" : "some connections", { count: number(connections) }),
    processes: t(servers.length === 1 ? "1 process" : "some processes", { count: number(servers.length) }),
  });
  const parts = [...kinds].filter(([, count]) => count).map(([kind, count]) => t(`kind ${kind}`, { count: number(count) }));
  return [whole, ...parts].join(" · ");
}
