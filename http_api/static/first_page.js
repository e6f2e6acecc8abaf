// The first page: shows what a bare WebSocket client gets, and pushes. Content is only ever set as text.
"use strict";

const KEPT_MESSAGES = 200;
const LONGEST_WAIT = 10000; // milliseconds between two tries to connect

const element = (id) => document.getElementById(id);
const scheme = location.protocol === "https:" ? "wss" : "ws";
const server = `${scheme}://${location.hostname}:${document.body.dataset.wsPort}/`;

let socket; // The one in use: of any other nothing is wanted any more.

function channels() {
  return element("channels").value.replaceAll(" ", "");
}

function address() {
  return channels() ? `${server}?${new URLSearchParams({ channels: channels() })}` : server;
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

function connect(wait) {
  const url = address();
  show("connecting", `connecting to ${url}…`);
  const own = new WebSocket(url);
  let next = Math.min(wait * 2, LONGEST_WAIT);
  own.onopen = () => { if (own === socket) { next = 500; show("connected", `connected to ${url}`); } };
  own.onmessage = (event) => { if (own === socket) add(event.data); };
  own.onclose = (event) => {
    if (own !== socket) return;
    show("disconnected", `disconnected (${event.code}), trying again…`);
    setTimeout(() => { if (own === socket) connect(next); }, wait * (0.5 + Math.random()));
  };
  socket = own;
}

function headers() {
  const token = element("token").value;
  return token ? { Authorization: `Bearer ${token}` } : {};
}

// A token is kept for this tab only, and never in an address.
function authorize(needed) {
  if (needed) {
    element("authorize").hidden = false;
    element("token").focus();
  } else {
    sessionStorage.setItem("token", element("token").value);
  }
}

element("channels").addEventListener("change", () => {
  const last = socket;
  connect(500);
  last.close();
});

element("push").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = element("answer");
  try {
    const form = new URLSearchParams({ content: element("content").value });
    if (channels()) form.set("channels", channels());
    const response = await fetch("/push", { method: "POST", headers: headers(), body: form });
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
connect(500);
