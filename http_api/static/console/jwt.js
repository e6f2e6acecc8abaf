// What a listener's token says, and what it would have to say. Text in, values out; nothing is checked here.

/** The claims of a token; undefined if it cannot be one. */
export function claimsOf(token) {
  const parts = token.split(".");
  if (parts.length !== 3 || parts.some((part) => !/^[\w-]+$/.test(part))) return undefined;
  try {
    const bytes = Uint8Array.from(atob(parts[1].replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return claims && typeof claims === "object" && !Array.isArray(claims) ? claims : undefined;
  } catch { return undefined; }
}

/** What a backend signs for these; `now` in milliseconds. */
export function claimsFor({ user, channels, seconds }, now) {
  return { ...(user && { sub: user }), channels, exp: Math.floor(now / 1000) + seconds };
}

/** Those of `channels` that the claims do not grant. */
export function forbidden({ channels: granted = [], sub }, channels) {
  const covers = (right, wanted) => right === wanted || (right.endsWith(".*") && wanted.startsWith(right.slice(0, -1)));
  return channels.filter((name) => name !== `user:${sub}` && !(Array.isArray(granted) && granted.some((right) => covers(right, name))));
}
