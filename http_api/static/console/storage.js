// What this tab remembers (`tab`), and what this browser does (`browser`): texts by name. Where the browser lets
// pages store nothing, it is remembered until the page is left.

export const tab = remembering(() => sessionStorage);
export const browser = remembering(() => localStorage);

function remembering(storage) {
  const here = new Map();
  const tried = (act) => {
    try { return act(storage()); } catch { return undefined; }
  };
  return {
    /** The text; an empty one if there is none. */
    get(name) { return tried((kept) => kept.getItem(name)) ?? here.get(name) ?? ""; },
    /** An empty text is forgotten. */
    set(name, text) {
      if (text) here.set(name, text);
      else here.delete(name);
      tried((kept) => (text ? kept.setItem(name, text) : kept.removeItem(name)));
    },
  };
}
