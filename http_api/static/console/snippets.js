// The same push as code that works as pasted, in each language. Text in, text out: nothing here knows of the page.

import { curl, redisCli } from "./snippets/shell.js";
import { laravel, php, phpredis, predis, thinkphp } from "./snippets/php.js";
import { node, python, pythonClient, ruby } from "./snippets/scripts.js";
import { go, java } from "./snippets/compiled.js";
import { broadcasting, pusherNode, pusherPhp, pusherPython, webman } from "./snippets/pusher.js";
import { wellFormed } from "./snippets/literals.js";

const ALL = [
  ["curl", "curl", curl],
  ["php", "PHP", php],
  ["phpredis", "phpredis", phpredis],
  ["predis", "predis", predis],
  ["thinkphp", "ThinkPHP", thinkphp],
  ["laravel", "Laravel", laravel],
  ["python", "Python", python],
  ["python-client", "Python client", pythonClient],
  ["node", "Node", node],
  ["go", "Go", go],
  ["java", "Java", java],
  ["ruby", "Ruby", ruby],
  ["redis-cli", "redis-cli", redisCli],
];
// For servers that speak Pusher's protocol.
const PUSHER = [
  ["broadcasting", "Laravel .env", broadcasting],
  ["pusher-php", "Pusher PHP", pusherPhp],
  ["webman", "webman/push", webman],
  ["pusher-node", "Pusher Node", pusherNode],
  ["pusher-python", "Pusher Python", pusherPython],
];
const REDIS = { kind: "server", host: "127.0.0.1", port: 6379, db: 0, password: false, tls: false };

export const LANGUAGES = languagesOf({});

// Those that can be used where these `dialects` are spoken, as GET /about tells them.
export function languagesOf({ pusher }) {
  return [...ALL, ...(pusher ? PUSHER : [])].map(([id, label]) => ({ id, label }));
}

// `push` is { content: text, object or list; to: { kind: "everybody", "channels" or "users"; names }; receipt: whether one is asked for }. `server` has the
// address of the HTTP API, a token or "", `redis` and `key` as GET /about tells them, and for Pusher's libraries an
// application and the address where pages listen.
export function snippet(id, push, server) {
  const [, , write] = [...ALL, ...PUSHER].find(([name]) => name === id);
  const { api, token = "", redis, key, pusher, listen } = server;
  const url = `${api.replace(/\/+$/, "")}/push`;
  const place = { url, token, redis: { ...REDIS, ...redis }, key: key || "message_center", pusher, listen };
  try {
    return write(messageOf(push), place).trimEnd(); // A line end that is pasted would start a command at once.
  } catch (problem) {
    if (problem instanceof RangeError) return "Nested too deeply: no language reads that.";
    throw problem;
  }
}

// The fields of the push. If names were asked for and none is there, an empty list is refused: it must not go to all.
function messageOf({ content, to, receipt = false }) {
  const clean = (_, value) => (typeof value === "string" ? wellFormed(value) : value);
  const message = { content: JSON.parse(JSON.stringify(content, clean)) };
  if (to.kind !== "everybody") message[to.kind] = to.names.map(String);
  if (receipt) message.receipt = true;
  return message;
}
