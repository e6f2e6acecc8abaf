// What snippets that push to the Redis list share: what stands on the list, and where Redis is.

const MARK = "\x1e"; // The first byte of an envelope. The message follows, as JSON.

// Nothing answers with an id, by which a receipt could be read.
export const itemOf = ({ receipt: _, ...message }) => message;

// Plain text for everybody is the item itself, unless it would be taken for an envelope.
export function needsEnvelope(message) {
  const { content, ...others } = message;
  return typeof content !== "string" || content.startsWith(MARK) || Object.keys(others).length > 0;
}

// The name under which the sentinels know the master: in redis+sentinel://host:port,host:port/NAME/db.
export const sentinelOf = ({ url }) => decodeURIComponent(url.split("/")[3].split("?")[0]);
