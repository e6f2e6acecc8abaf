// Snippets with Pusher's libraries for backends, and webman's. The secret is in none of them: it comes from the environment.

import { JAVASCRIPT, literal, PHP, PYTHON } from "./literals.js";

const SECRET = "PUSHER_SECRET"; // The variable that has it.

/** The host, the port and whether it is https, of the address of a push. */
function placeOf(url) {
  const { protocol, hostname, port, origin } = new URL(url);
  const isSecure = protocol === "https:";
  return { host: hostname, port: port || (isSecure ? "443" : "80"), isSecure, origin };
}

// What is triggered: `channels`, or `users`. They have nothing for everybody, so a channel stands there.
const channelsOf = ({ channels }) => channels ?? ["orders"];
const trigger = (message, call) => (message.users ? message.users.map(call.user) : [call.channels(channelsOf(message))]).join("\n");
const HINT = "export PUSHER_SECRET=…, the secret of PUSHER_APPS";

export function pusherPhp(message, { url, pusher }) {
  const { host, port, isSecure } = placeOf(url);
  const content = literal(message.content, PHP, "", 20);
  return `<?php
// composer require pusher/pusher-php-server; ${HINT}
require 'vendor/autoload.php';

$pusher = new Pusher\\Pusher(${PHP.text(pusher.key)}, getenv('${SECRET}'), ${PHP.text(pusher.id)}, [
    'host' => ${PHP.text(host)}, 'port' => ${port}, 'scheme' => 'http${isSecure ? "s" : ""}', 'useTLS' => ${isSecure},
]);
$content = ${content};
${trigger(message, {
    channels: (names) => `$pusher->trigger(${literal(names, PHP)}, 'message', $content);`,
    user: (name) => `$pusher->sendToUser(${PHP.text(name)}, 'message', $content);`,
  })}
`;
}

export function pusherNode(message, { url, pusher }) {
  const { host, port, isSecure } = placeOf(url);
  return `// npm install pusher; ${HINT}; node push.mjs
import Pusher from "pusher";

const pusher = new Pusher({
  appId: ${JAVASCRIPT.text(pusher.id)},
  key: ${JAVASCRIPT.text(pusher.key)},
  secret: process.env.${SECRET},
  host: ${JAVASCRIPT.text(host)},
  port: "${port}",
  useTLS: ${isSecure},
});
const content = ${literal(message.content, JAVASCRIPT, "", 16)};
${trigger(message, {
    channels: (names) => `await pusher.trigger(${literal(names, JAVASCRIPT)}, "message", content);`,
    user: (name) => `await pusher.sendToUser(${JAVASCRIPT.text(name)}, "message", content);`,
  })}
`;
}

export function pusherPython(message, { url, pusher }) {
  const { host, port, isSecure } = placeOf(url);
  const app = [pusher.id, pusher.key].map(PYTHON.text).join(", ");
  return `# pip install pusher; ${HINT}
import os

import pusher

backend = pusher.Pusher(
    ${app}, os.environ["${SECRET}"],
    host=${PYTHON.text(host)}, port=${port}, ssl=${isSecure ? "True" : "False"},
)
content = ${literal(message.content, PYTHON, "", 10)}
${trigger(message, {
    channels: (names) => `backend.trigger(${literal(names, PYTHON)}, "message", content)`,
    user: (name) => `backend.send_to_user(${PYTHON.text(name)}, "message", content)`,
  })}
`;
}

// Its library knows no users: theirs are channels with such a name.
export function webman(message, { url, pusher }) {
  const names = message.users ? message.users.map((name) => `#server-to-user-${name}`) : channelsOf(message);
  return `<?php
// composer require webman/push; ${HINT}
require 'vendor/autoload.php';

$api = new Webman\\Push\\Api(${PHP.text(placeOf(url).origin)}, ${PHP.text(pusher.key)}, getenv('${SECRET}'));
$content = ${literal(message.content, PHP, "", 11)};
$api->trigger(${literal(names, PHP)}, 'message', $content);
`;
}

// What Laravel's own connection needs. A push of an event is the application's.
export function broadcasting(_message, { url, pusher, listen }) {
  const { host, port, isSecure } = placeOf(url);
  const { port: wsPort, protocol } = new URL(listen);
  return `# .env of Laravel 11 or newer
BROADCAST_CONNECTION=reverb
REVERB_APP_ID=${pusher.id}
REVERB_APP_KEY=${pusher.key}
# The secret of PUSHER_APPS:
REVERB_APP_SECRET=
REVERB_HOST=${host}
REVERB_PORT=${port}
REVERB_SCHEME=http${isSecure ? "s" : ""}

VITE_REVERB_APP_KEY="\${REVERB_APP_KEY}"
VITE_REVERB_HOST=${new URL(listen).hostname}
VITE_REVERB_PORT=${wsPort || (protocol === "wss:" ? "443" : "80")}
VITE_REVERB_SCHEME=http${protocol === "wss:" ? "s" : ""}
`;
}
