// The page with the code. It does not poll: it asks its backend when it is told to, or may have missed that.

const main = document.querySelector("main");
const { code, channel, listen, seconds, token } = JSON.parse(main.dataset.shown);
const say = (id, name, more = "") => {
  const text = name && document.getElementById(name).content.textContent;
  document.getElementById(id).textContent = `${text} ${more}`;
};

const refused = ({ reason }) => say("connection", "refused", reason);
const client = new URL("/client.js", listen.replace("ws", "http")).href;
const { connect } = await import(client).catch((problem) => {
  refused({ reason: problem.message });
  throw problem;
});
const center = connect(listen, { channels: [channel], token, share: false });

function show(state) {
  if (["cancelled", "expired", "confirmed"].includes(main.dataset.state)) return;
  main.dataset.state = state;
  say("state", state);
  if (state === "confirmed") location.reload(); // The cookie is that of a user now.
  if (state === "cancelled" || state === "expired") {
    say("connection", "");
    center.close();
  }
}

// What comes only says when to look. The cookie says who looks, and the backend what it may know.
let looking = Promise.resolve();
const look = () => {
  // One after the other: an older answer must not come last.
  looking = looking.then(async () => {
    const answer = await fetch("/look", { method: "POST", body: new URLSearchParams({ code }) });
    show((await answer.json()).state);
  }).catch(console.error);
};

center.on("message", (message) => message.channel === channel && look());
center.on("state", ({ state }) => {
  if (state === "connected") look(); // The phone may have been faster than the connection.
  say("connection", state === "waiting" ? "away" : "");
});
center.on("closed", refused);
setTimeout(show, seconds * 1000, "expired");
