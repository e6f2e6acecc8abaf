// The table of all processes. Each keeps its place: what is gone stays, greyed, until another of its kind on the
// same machine takes its place or the page is opened anew, and what is new comes at the end.

import { cells, place } from "./checks.js";
import { fill, h, say } from "./dom.js";
import { duration } from "./words.js";

const COLUMNS = ["version", "up", "text", "json", "text events", "json events", "pushes", "settled", "deliveries", "behind", "memory", "said"];
const FORMATS = 4; // Columns that an HTTP API has only one cell for.

export class Processes {
  constructor(t) {
    this.t = t;
    this.rows = [];
    this.body = h("tbody");
    const column = (name) => h("th", { scope: "col", class: "n", title: t(`column ${name}, explained`) }, t(`column ${name}`));
    this.element = h("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": t("all processes") },
      h("table", { class: "processes" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "named" }, t("column process")), COLUMNS.map(column))), this.body));
  }

  /** Forget all. */
  begin() {
    this.rows = [];
    fill(this.body);
  }

  /** Those that were here and are not any more. */
  get gone() {
    return this.rows.filter(({ state }) => state === "gone").map(({ process }) => process);
  }

  /** Show these. If they are not `all` there are, nothing is known of the others. */
  show(processes, all) {
    const missing = this.rows.filter((row) => !processes.some((each) => each.process === row.process.process));
    missing.forEach((row) => this.#lose(row, all));
    processes.forEach((process) => this.#fill(this.#rowOf(process), process));
  }

  #rowOf({ process, kind, host }) {
    const known = this.rows.find((row) => row.process.process === process)
      ?? this.rows.find((row) => row.state === "gone" && row.process.kind === kind && row.process.host === host);
    if (known) return known;
    const row = this.#make(kind);
    this.rows.push(row);
    this.body.append(row.element);
    return row;
  }

  #make(kind) {
    const name = h("th", { scope: "row", class: "named" }, h("b"), h("span", { class: "dim" }));
    const columns = kind === "ws" ? COLUMNS : COLUMNS.filter((_, index) => index < 3 || index >= 2 + FORMATS);
    const fields = columns.map((_, index) => h("td", { class: "n", colSpan: kind !== "ws" && index === 2 ? FORMATS : 1 }));
    return { name, fields, element: h("tr", {}, name, fields) };
  }

  #fill(row, process) {
    row.process = process;
    row.state = row.element.dataset.state = "here";
    say(row.name.firstChild, `${this.t(process.kind)} · ${process.pid}`);
    say(row.name.lastChild, process.host);
    row.name.title = place(process);
    const values = [...cells(process, this.t), duration(process.age)];
    row.fields.forEach((field, index) => say(field, values[index]));
    row.fields.at(-3).dataset.state = process.behind ? "warn" : "";
  }

  #lose(row, all) {
    row.state = row.element.dataset.state = all ? "gone" : "unknown";
    say(row.fields.at(-1), this.t(all ? "is gone" : "is unknown"));
  }
}
