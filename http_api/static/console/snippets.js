// The same push in other languages. Pure functions: no DOM here.

export const LANGUAGES = [{ id: "curl", label: "curl" }];

/** The code that pushes `{content, to: {kind, names}}` to `{api, token, redis, key}`. */
export function snippet(id, push, server) {
  const { content, to } = push;
  const body = JSON.stringify({ content, ...(to.kind === "everybody" ? {} : { [to.kind]: to.names }) });
  const token = server.token ? ` -H ${quoted(`Authorization: Bearer ${server.token}`)} \\\n ` : "";
  return `curl ${quoted(`${server.api}/push`)} \\\n ${token} --json ${quoted(body)}\n`;
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
