// Whole HTML pages that listen, each of which works as pasted. Text in, text out: nothing here knows of the console.

import { listed } from "./listed.js";
import { echo, pusherJs, socketIo } from "./pages/dialects.js";
import { HOW, SHOW, text, tokenLine, whole } from "./pages/parts.js";

const ALL = [
  ["websocket", "WebSocket", webSocket],
  ["eventsource", "EventSource", eventSource],
  ["resume", "with resume", resume],
  ["token", "with a token", withToken],
  ["client", "with the client", client],
  ["pusher-js", "pusher-js", pusherJs, "pusher"],
  ["echo", "Laravel Echo", echo, "pusher"],
  ["socket.io", "socket.io-client", socketIo, "socket_io"],
];

export const KINDS = kindsOf({});

// Those that can be used where these `dialects` are spoken, as GET /about tells them.
export function kindsOf(dialects) {
  return ALL.filter(([, , , dialect]) => !dialect || dialects[dialect]).map(([id, label]) => ({ id, label }));
}

// `listen` and `events` are the public addresses of the WebSocket server, `client` that of /client.js, `pusher` an
// application of Pusher's. A token that is given goes into each page: without it, none would work.
export function page(id, { listen, events, client = "", channels = [], token = "", pusher = null }) {
  const [, , write] = ALL.find(([name]) => name === id);
  return write({ listen, events, client, channels, token, pusher });
}

const asked = (url, fields) => {
  const query = Object.entries(fields).filter(([, value]) => value);
  const written = query.map(([name, value]) => `${name}=${encodeURIComponent(value).replace(/%(2C|3A|40)/g, decodeURIComponent)}`);
  return written.length ? `${url}${url.includes("?") ? "&" : "?"}${written.join("&")}` : url;
};

const AS_TEXT = `function asText(content) {
  return typeof content === "string" ? content : JSON.stringify(content);
}`;
const PROTOCOL = "`message-center.token.${token}`";
const AGAIN = "setTimeout(follow, 500 + 2000 * Math.random())";

function webSocket({ listen, channels, token }) {
  const protocols = token ? `, ["message-center.text", ${PROTOCOL}]` : "";
  return whole(`${SHOW}

${tokenLine(token)}function follow() {
  const socket = new WebSocket(${text(asked(listen, { channels: listed(channels) }))}${protocols});
  socket.onmessage = (event) => show(event.data);
  socket.onclose = (event) => {
    if (event.code !== 4003) ${AGAIN}; // 4003: thrown out.
  };
}
follow();`);
}

function eventSource({ events, channels, token }) {
  const address = asked(events, { channels: listed(channels) });
  const source = token ? `${text(`${address}${address.includes("?") ? "&" : "?"}token=`)} + token` : text(address);
  return whole(`${SHOW}

${tokenLine(token)}const source = new EventSource(${source});
source.onmessage = (event) => show(event.data);
source.addEventListener("gap", () => show("Messages are missing: load what the page shows anew."));`);
}

// The last id is kept for as long as the tab is there: a reload goes on where it was, too.
function resume({ listen, channels, token }) {
  const address = asked(listen, { channels: listed(channels), format: token ? "" : "json" });
  const protocols = token ? `, ["message-center.json", ${PROTOCOL}]` : "";
  return whole(`${SHOW}

${AS_TEXT}

${tokenLine(token)}function follow() {
  const url = new URL(${text(address)});
  url.searchParams.set("last_id", sessionStorage.lastId ?? "");
  const socket = new WebSocket(url${protocols});
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.id) sessionStorage.lastId = message.id;
    if (message.type === "gap") show("Messages are missing: load what the page shows anew.");
    else if (!message.type) show(asText(message.content));
  };
  socket.onclose = (event) => {
    if (event.code !== 4003) ${AGAIN}; // 4003: thrown out.
  };
}
follow();`);
}

// A token is for some minutes: each connect asks for another one.
function withToken({ listen, channels, token }) {
  return whole(`${SHOW}

async function freshToken() {
  ${HOW} Ask it: return (await fetch("/my-token")).text();
  return ${text(token || "TOKEN")};
}

async function follow() {
  const token = await freshToken().catch(() => ""); // Without one it is refused, and tries again.
  const protocols = ["message-center.text", ${PROTOCOL}];
  const socket = new WebSocket(${text(asked(listen, { channels: listed(channels) }))}, protocols);
  socket.onmessage = (event) => show(event.data);
  socket.onclose = (event) => {
    if (event.code !== 4003) ${AGAIN}; // 4003: thrown out.
  };
}
follow();`);
}

function client({ listen, client: module, channels, token }) {
  const names = channels.length ? [`channels: [${channels.map(text).join(", ")}]`] : [];
  const options = [...names, ...(token ? ["token"] : [])];
  const given = options.length ? `, { ${options.join(", ")} }` : "";
  return whole(
    `import { connect } from ${text(module)};

${SHOW}

${AS_TEXT}

${tokenLine(token)}const center = connect(${text(listen)}${given});
center.on("message", ({ content }) => show(asText(content)));
center.on("gap", () => show("Messages are missing: load what the page shows anew."));
center.on("closed", ({ reason }) => show(\`It will not come back: \${reason}\`));`,
    ' type="module"',
  );
}
