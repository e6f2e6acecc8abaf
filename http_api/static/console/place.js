// Where a page is in the address: `#trace/user:42`. What stands there can be shared, so it is never a token.

/** What stands behind the #; names of channels and users stay readable. */
export function addressOf(page, argument) {
  if (!argument) return page;
  return `${page}/${encodeURIComponent(argument).replace(/%(?:2C|3A|40)/g, decodeURIComponent)}`;
}

/** The argument as it was; nothing if somebody has written what cannot be one. */
export function readArgument(text) {
  try { return decodeURIComponent(text); } catch { return ""; }
}
