// Snippets for a shell: sh, bash and zsh. No comments, as zsh at a prompt knows none.

import { listed } from "../listed.js";
import { hasHidden, json } from "./literals.js";
import { itemOf, needsEnvelope, sentinelOf } from "./redis.js";

// An argument, in quotes if it needs any.
const word = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
const lines = (words) => words.join(" \\\n  ");

export function curl(message, { url, token }) {
  const header = (text) => `-H ${word(text)}`;
  const access = token ? [header(`Authorization: Bearer ${token}`)] : [];
  const { content } = message;
  // A form is what people can change; but no argument can hold U+0000, and a tab that is pasted completes a name.
  if (typeof content !== "string" || hasHidden(content, "\n")) {
    return lines([`curl ${word(url)}`, ...access, header("Content-Type: application/json"), `-d ${word(json(message))}`]);
  }
  return lines([`curl ${word(url)}`, ...access, `--data-urlencode ${word(`content=${content}`)}`, ...fields(message)]);
}

function fields({ content, ...others }) {
  return Object.entries(others).map(([name, value]) => {
    const field = word(`${name}=${value === true ? 1 : listed(value)}`);
    return /^[\w@=:,.-]+$/.test(field) ? `-d ${field}` : `--data-urlencode ${field}`;
  });
}

export function redisCli(asked, { redis, key }) {
  const message = itemOf(asked), { content } = message;
  const push = [...client(redis), "lpush", word(key)];
  if (!needsEnvelope(message) && !hasHidden(content, "\n")) return found(redis) + lines([`${push.join(" ")} ${word(content)}`]);
  const at = push.indexOf("redis-cli") + 1;
  push.splice(at, 0, "-x"); // The item comes from the pipe.
  return `${found(redis)}printf '\\036%s' ${word(json(message))} |\n  ${push.join(" ")}`;
}

// The words that call redis-cli, with the password in the variable that it reads.
function client(redis) {
  const words = redis.password ? ['REDISCLI_AUTH="$REDIS_PASSWORD"', "redis-cli"] : ["redis-cli"];
  if (redis.kind === "cluster") words.push("-c");
  if (redis.kind === "sentinel") words.push('-h "$1"', '-p "$2"');
  else if (redis.socket) words.push("-s", word(redis.socket));
  else words.push(...place(redis));
  if (redis.tls) words.push("--tls");
  if (redis.username && redis.password) words.push("--user", word(redis.username));
  if (redis.db) words.push("-n", String(redis.db));
  return words;
}

const place = ({ host, port }) => ["-h", word(host), "-p", String(port)];

// What asks the sentinel for the master.
function found(redis) {
  if (redis.kind !== "sentinel") return "";
  const ask = ["redis-cli", ...place(redis), "sentinel", "get-master-addr-by-name", word(sentinelOf(redis))];
  return `set -- $(${ask.join(" ")})\n`;
}
