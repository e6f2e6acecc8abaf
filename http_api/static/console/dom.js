// Elements, made of names and texts. Text is only ever set as text: there is no way from here to HTML.

/**
 * An element. Of its attributes, `on…` are handlers, `class` and `dataset` what they are, and
 * properties of the element are set as such; false, null and undefined leave an attribute out.
 */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(element.dataset, value);
    else if (key in element && key !== "list" && key !== "form") element[key] = value;
    else element.setAttribute(key === "class" ? "class" : key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Put these in place of everything that is in `element`. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set a text only if it is another one: what stays the same is not told again by a screen reader. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Say at a field, in `place`, why its value is refused, and go there; an empty text takes it back. */
export function refuse(field, place, text) {
  say(place, text);
  if (!text) return field.removeAttribute("aria-invalid");
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

/**
 * A few choices of which one is taken, as radio buttons: arrow keys move among them.
 * `choices` are `{id, label}`; `taken(id)` is called when another is chosen.
 */
export function segments(name, label, choices, chosen, taken, style = "segments") {
  return h("fieldset", { class: style },
    h("legend", { class: "unseen" }, label),
    choices.map(({ id, label: text }) => h("label", {},
      h("input", { type: "radio", name, value: id, checked: id === chosen, onchange: () => taken(id) }),
      h("span", {}, text))));
}

/** A button that copies what `text()` gives, and says so for a moment. */
export function copyButton(t, text, style = "ghost") {
  const label = h("span", {}, t("copy"));
  const done = h("span", { class: "done", "aria-live": "polite" });
  let timer;
  return h("button", {
    type: "button", class: `${style} copy`,
    onclick: async (event) => {
      const button = event.currentTarget;
      const worked = await copy(text());
      button.dataset.state = worked ? "done" : "failed";
      say(done, t(worked ? "copied" : "not copied"));
      clearTimeout(timer);
      timer = setTimeout(() => { delete button.dataset.state; say(done, ""); }, 1500);
    },
  }, label, done);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // Over plain HTTP from another machine there is no clipboard.
  }
}

function copyBySelection(text) {
  const area = h("textarea", { value: text, class: "unseen" });
  const before = document.activeElement;
  document.body.append(area);
  area.select();
  const worked = document.execCommand("copy");
  area.remove();
  before?.focus();
  return worked;
}
