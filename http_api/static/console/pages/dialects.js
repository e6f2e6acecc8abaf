// Pages with the libraries of other protocols: pusher-js, Laravel Echo, socket.io-client. Only for servers that speak them.

import { SHOW, text, tokenLine, whole } from "./parts.js";

const TAB = "sessionStorage.tab ??= Math.random().toString(36).slice(2);"; // Each tab is remembered by a name.
const named = ({ channels }) => {
  const found = channels.filter((name) => !name.endsWith("*")); // These libraries know no wildcards.
  return found.length ? found : ["orders"]; // What is for everybody is on no channel.
};
const isGuarded = (name) => /^(private|presence)-/.test(name);

// Where a library of Pusher's connects to, as its options.
function options({ listen }) {
  const { protocol, hostname, port, pathname } = new URL(listen);
  const isSecure = protocol === "wss:", at = port || (isSecure ? "443" : "80");
  return `wsHost: ${text(hostname)},
  wsPort: ${at},
  wssPort: ${at},
  wsPath: \`${pathname.replace(/\/$/, "").replace(/[`\\$]/g, "\\$&")}/r/\${sessionStorage.tab}\`, // So this tab misses nothing.
  forceTLS: ${isSecure},
  enabledTransports: ["ws", "wss"],`;
}

export function pusherJs(place) {
  const names = named(place);
  const signed = names.some(isGuarded) ? '\n  channelAuthorization: { endpoint: "/pusher/auth" }, // Your backend signs, with its secret.' : "";
  return whole(`${SHOW}

${TAB}
const pusher = new Pusher(${text(place.pusher.key)}, {
  ${options(place)}
  cluster: "",${signed}
});
for (const name of [${names.map(text).join(", ")}]) pusher.subscribe(name);
pusher.bind_global((event, data) => {
  if (!event.startsWith("pusher:")) show(\`\${event}: \${JSON.stringify(data)}\`);
});
pusher.connection.bind("error", (problem) => show(JSON.stringify(problem)));`, "", "https://js.pusher.com/8.4.0/pusher.min.js");
}

export function echo(place) {
  const listens = named(place).map((name) => {
    const [, kind, rest] = name.match(/^(private-|presence-)?(.*)$/);
    const call = { "private-": "private", "presence-": "join" }[kind] ?? "channel";
    return `window.Echo.${call}(${text(rest)}).listen(".message", (event) => console.log(event));`;
  });
  return `// resources/js/echo.js of Laravel: npm install laravel-echo pusher-js
import Echo from "laravel-echo";
import Pusher from "pusher-js";

window.Pusher = Pusher;
${TAB}
window.Echo = new Echo({
  broadcaster: "reverb",
  key: ${text(place.pusher.key)},
  ${options(place)}
});
${listens.join("\n")}
`;
}

export function socketIo(place) {
  const { protocol, host, pathname } = new URL(place.listen);
  const prefix = pathname.replace(/\/$/, "");
  const path = prefix ? `\n  path: ${text(`${prefix}/socket.io/`)},` : "";
  const auth = [...(place.channels.length ? [`channels: [${place.channels.map(text).join(", ")}]`] : []), ...(place.token ? ["token"] : [])];
  return whole(`${SHOW}

${tokenLine(place.token)}const socket = io(${text(`http${protocol === "wss:" ? "s" : ""}://${host}`)}, {${path}
  transports: ["websocket"],
  auth: {${auth.length ? ` ${auth.join(", ")} ` : ""}},
});
socket.onAny((event, content) => {
  if (event !== "message-center:cursor") show(\`\${event}: \${JSON.stringify(content)}\`);
});
socket.on("connect_error", (problem) => show(problem.message));`, "", "https://cdn.socket.io/4.8.3/socket.io.min.js");
}
