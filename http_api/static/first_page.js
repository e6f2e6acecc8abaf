// The first page: shows what a bare WebSocket client gets, and pushes. Content is only ever set as text.
"use strict";

const KEPT_MESSAGES = 200;
const LONGEST_WAIT = 10000; // milliseconds between two tries to connect

const element = (id) => document.getElementById(id);
const scheme = location.protocol === "https:" ? "wss" : "ws";
const url = `${scheme}://${location.hostname}:${document.body.dataset.wsPort}/`;

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
  show("connecting", `connecting to ${url}…`);
  const socket = new WebSocket(url);
  let next = Math.min(wait * 2, LONGEST_WAIT);
  socket.onopen = () => { next = 500; show("connected", `connected to ${url}`); };
  socket.onmessage = (event) => add(event.data);
  socket.onclose = (event) => {
    show("disconnected", `disconnected (${event.code}), trying again…`);
    setTimeout(() => connect(next), wait * (0.5 + Math.random()));
  };
}

element("push").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = element("answer");
  try {
    const response = await fetch("/push", { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
    const body = await response.json();
    answer.textContent = JSON.stringify(body);
    answer.dataset.ok = body.code === 0;
    if (body.code === 0) element("content").value = "";
  } catch (problem) {
    answer.textContent = `The HTTP API does not answer: ${problem.message}`;
    answer.dataset.ok = false;
  }
});

connect(500);
