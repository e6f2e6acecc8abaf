// Listen to a channel, and after each break go on with the next message.
// Needs Node 22 or newer, for its WebSocket. In a project of yours: npm install ./clients/js

import { connect } from "../../clients/js/client.js";

const URL = process.env.MESSAGE_CENTER_LISTEN_URL ?? "ws://127.0.0.1:2345/";
const TOKEN = process.env.MESSAGE_CENTER_LISTEN_TOKEN; // Or a function that gets a new one for each connect.

// `last` begins with the newest messages that there are. To go on after a restart of this program,
// keep the last `id` and give it as `lastId`.
const center = connect(URL, { channels: ["orders"], token: TOKEN, last: 10, share: false });

center.on("message", ({ id, channel, content }) => console.log(id, channel, content));
center.on("gap", ({ reason }) => console.error("messages are missing, read your database anew:", reason));
center.on("closed", ({ code, reason }) => { // To come back would be no use.
  console.error(`refused: ${code} ${reason}`);
  process.exitCode = 1;
});
process.on("SIGINT", () => center.close());
