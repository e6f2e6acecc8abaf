// The first page: shows what a bare WebSocket client gets, and pushes. Content is only ever set as text.
"use strict";

const KEPT_MESSAGES = 200;
const FIRST_WAIT = 500, LONGEST_WAIT = 10000; // Milliseconds between two tries to connect.
const PATIENCE = 5000; // Milliseconds for an answer to why a connection was refused.
const FOR_GOOD = [1002, 1003, 1007, 1008, 1009, 1010, 4003]; // docs/reference.md, "Close codes": do not come back.
const NAME = /^[A-Za-z0-9_.:@-]{1,100}(\.\*)?$/;

const element = (id) => document.getElementById(id);
const secure = location.protocol === "https:" ? "s" : "";
const server = `${location.hostname}:${document.body.dataset.wsPort}/`;

let socket; // The one in use: of any other nothing is wanted any more.
let listenToken = sessionStorage.getItem("listen-token") ?? "";

// The names in the field, or null if one cannot be; that is said at the field. A blank in a name is not left out.
function channels() {
  const names = element("channels").value.split(",").map((name) => name.trim()).filter(Boolean);
  const wrong = names.find((name) => !NAME.test(name));
  element("channels").setAttribute("aria-invalid", wrong !== undefined);
  element("problem").textContent = wrong === undefined ? "" : `“${wrong}” cannot be a channel: letters, digits and _.:@- only`;
  return wrong === undefined ? names : null;
}

function address(scheme, names) {
  const query = names.length ? `?${new URLSearchParams({ channels: names })}` : "";
  return `${scheme}${secure}://${server}${query}`;
}

function show(state, text) {
  element("state").dataset.state = state;
  element("state").textContent = text;
}

function add(content) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString();
  item.append(time, document.createTextNode(content));
  const list = element("messages");
  list.prepend(item);
  while (list.children.length > KEPT_MESSAGES) list.lastChild.remove();
}

function bearer(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

// A browser tells a page nothing of a refused WebSocket. A GET of the same address is refused for the same reason.
async function whyRefused(names) {
  const url = address("http", names);
  const ask = (options) => fetch(url, { signal: AbortSignal.timeout(PATIENCE), cache: "no-store", ...options });
  try {
    const answer = await ask({ headers: bearer(listenToken) });
    if (answer.status === 426) return { reason: "the connection failed", passes: true }; // It would be taken now.
    const { msg, error } = await answer.json();
    if (answer.status === 401) offerToken();
    const passes = answer.status >= 500 || answer.status === 429;
    return { reason: `refused: ${msg} (${answer.status} ${error})`, passes };
  } catch {
    const answers = await ask({ mode: "no-cors" }).then(() => true, () => false);
    if (!answers) return { reason: `${address("ws", names)} does not answer`, passes: true };
    // So a page may not read the answer: it is of another origin, or a proxy's, while the server is away.
    return { reason: `refused without a reason: may pages of ${location.origin} listen (ALLOWED_ORIGINS)?`, passes: true };
  }
}

function open(names) {
  const protocols = listenToken ? ["message-center.text", `message-center.token.${listenToken}`] : [];
  return new WebSocket(address("ws", names), protocols);
}

function connect(wait = FIRST_WAIT) {
  const names = channels();
  const last = socket;
  socket = undefined;
  last?.close();
  if (names === null) return show("refused", "not connected: see the channels below");
  const url = address("ws", names);
  show("connecting", `connecting to ${url}…`);
  try {
    socket = open(names);
  } catch {
    offerToken();
    return show("refused", "refused: that cannot be a token to listen");
  }
  const own = socket;
  let wasOpen = false;
  own.onopen = () => { if (own === socket) { wasOpen = true; show("connected", `connected to ${url}`); } };
  own.onmessage = (event) => { if (own === socket) add(event.data); };
  own.onclose = async (event) => {
    if (own !== socket) return;
    const ended = { reason: `closed: ${event.reason || "connection lost"} (${event.code})`, passes: !FOR_GOOD.includes(event.code) };
    show("disconnected", wasOpen ? ended.reason : "the connection failed…");
    const { reason, passes } = wasOpen ? ended : await whyRefused(names);
    if (own !== socket) return;
    if (!passes) return show("refused", reason);
    show("disconnected", `${reason}, trying again…`);
    const next = wasOpen ? FIRST_WAIT : Math.min(wait * 2, LONGEST_WAIT);
    setTimeout(() => { if (own === socket) connect(next); }, wait * (0.5 + Math.random()));
  };
}

// What appears comes after all that is there already: it moves no field and no button.
function offerToken() {
  if (element("listen")) return;
  element("tokens").append(element("listen-form").content.cloneNode(true));
  element("listen-token").value = listenToken;
  element("listen").addEventListener("submit", (event) => {
    event.preventDefault();
    listenToken = element("listen-token").value.trim();
    sessionStorage.setItem("listen-token", listenToken);
    connect();
  });
}

// A token is kept for this tab only, and never in an address.
function authorize(needed) {
  if (!needed) return sessionStorage.setItem("token", element("token").value);
  if (element("authorize").hidden) element("tokens").append(element("authorize"));
  element("authorize").hidden = false;
  element("token").focus();
}

element("channels").addEventListener("input", channels);
element("channels").addEventListener("change", () => { if (channels() !== null) connect(); });

element("push").addEventListener("submit", async (event) => {
  event.preventDefault();
  const names = channels();
  if (names === null) return element("channels").focus();
  const answer = element("answer");
  try {
    const form = new URLSearchParams({ content: element("content").value });
    if (names.length) form.set("channels", names);
    const response = await fetch("/push", { method: "POST", headers: bearer(element("token").value), body: form });
    const body = await response.json();
    authorize(response.status === 401);
    answer.textContent = JSON.stringify(body);
    answer.dataset.ok = body.code === 0;
    if (body.code === 0) element("content").value = "";
  } catch (problem) {
    answer.textContent = `The HTTP API does not answer: ${problem.message}`;
    answer.dataset.ok = false;
  }
});

element("token").value = sessionStorage.getItem("token") ?? "";
connect();
