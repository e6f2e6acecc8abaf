// Names of channels or users as one text, as the server reads them: separated by commas, or a JSON list, in which a
// comma is part of a name (`names_in` and `text_of` of common/channels.py).

export const listed = (names) => (names.some((name) => name.includes(",")) ? JSON.stringify(names) : names.join(","));

/** The names in a text. What begins like a list and is none is one name, which can be none. */
export function namesIn(text) {
  if (!text.startsWith("[")) return text.split(",");
  try {
    const found = JSON.parse(text);
    return Array.isArray(found) ? found.map(String) : [text];
  } catch { return [text]; }
}
