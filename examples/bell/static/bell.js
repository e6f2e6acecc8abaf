// The bell. What it shows is the backend's; what is pushed changes it at once, in all tabs and devices of the user.

const { user, listen, texts } = document.querySelector("main").dataset;
const words = JSON.parse(texts);
const find = (id) => document.getElementById(id);
const notes = new Map();
let read = 0, loaded = false;

/** The backend's answer. It is asked as `user`: if somebody else has logged in since, the page is not that one's. */
async function ask(path, fields) {
  const body = fields && new URLSearchParams(fields);
  const answer = await fetch(path, { method: body ? "POST" : "GET", body, headers: { "X-User": user } });
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return answer.json();
}

function line({ id, from, text, time }) {
  const item = document.createElement("li");
  const about = document.createElement("small");
  item.classList.toggle("unread", id > read);
  about.textContent = `${from} · ${new Date(time * 1000).toLocaleTimeString()}`;
  item.append(text, about); // As text, never as HTML.
  return item;
}

function draw() {
  const newest = [...notes.values()].sort((one, other) => other.id - one.id);
  const unread = newest.filter(({ id }) => id > read).length;
  find("notes").replaceChildren(...newest.map(line));
  find("nothing").hidden = newest.length > 0;
  find("count").hidden = unread === 0;
  find("count").textContent = unread;
  find("label").textContent = unread ? `${words.bell}: ${unread} ${words.unread}` : words.bell;
  document.title = unread ? `(${unread}) ${words.title}` : words.title;
}

function take(content) {
  if (content.note) notes.set(content.note.id, content.note);
  read = Math.max(read, content.read ?? 0);
  draw();
}

/** All that the backend has. What is pushed meanwhile is in both, and shown once. */
async function load() {
  const all = await ask("/notes");
  for (const note of all.notes) notes.set(note.id, note);
  take(all);
  loaded = true;
}

const refused = ({ reason }) => { find("connection").textContent = `${words.closed} ${reason}`; };
const client = new URL("/client.js", listen.replace("ws", "http")).href;
const { connect } = await import(client).catch((problem) => {
  refused({ reason: problem.message });
  throw problem;
});
const center = connect(listen, {
  share: `user ${user}`, // One connection for all tabs of this user.
  token: async () => (await ask("/token", {})).token, // Before each connect, also when the last one has expired.
});
center.on("message", ({ channel, content }) => channel === `user:${user}` && take(content));
center.on("gap", load); // Some cannot be had any more.
center.on("state", ({ state }) => {
  find("connection").textContent = words[state];
  if (state === "connected" && !loaded) load(); // Now, so that nothing can fall in between.
});
center.on("closed", refused);

find("bell").onclick = () => {
  find("panel").hidden = !find("panel").hidden;
  find("bell").setAttribute("aria-expanded", !find("panel").hidden);
};
find("mark").onclick = async () => take(await ask("/read", { up_to: Math.max(0, ...notes.keys()) }));
find("notify").onsubmit = async (event) => {
  event.preventDefault();
  const form = event.target;
  try {
    const { is_told } = await ask("/notify", new FormData(form));
    find("result").textContent = is_told ? words.sent : words.kept;
    form.text.value = "";
  } catch (problem) {
    find("result").textContent = `${words.failed} ${problem.message}`;
  }
};
