// Push to everybody, to a channel, to a user, in a batch, and twice under one id.
// Needs Node 18 or newer, and no package.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const URL = process.env.MESSAGE_CENTER_URL ?? "http://127.0.0.1:2346";
const TOKEN = process.env.MESSAGE_CENTER_TOKEN;
const TRIES = 5;
const MAY_PASS = [429, 502, 503, 504];

class Refused extends Error {}

async function post(path, value) {
  const headers = { "Content-Type": "application/json" };
  if (TOKEN) headers.Authorization = `Bearer ${TOKEN}`;
  const body = JSON.stringify(value); // The same ids at each try.
  for (let attempt = 1; ; attempt++) {
    let problem, seconds = 0.2 * 2 ** attempt * (0.5 + Math.random());
    try {
      const answer = await fetch(URL + path, { method: "POST", headers, body, signal: AbortSignal.timeout(10_000) });
      const said = await answer.json().catch(() => ({})); // A proxy may answer in HTML.
      if (answer.ok && said.code === 0) return said;
      problem = new Refused(`${answer.status} ${said.error}: ${said.msg}`);
      if (!MAY_PASS.includes(answer.status)) throw problem;
      seconds = Number(answer.headers.get("Retry-After")) || seconds;
    } catch (caught) {
      if (caught === problem) throw caught;
      problem = caught; // No answer: it may be queued or not.
    }
    if (attempt === TRIES) throw problem;
    await sleep(seconds * 1000);
  }
}

// With an id, a push can be tried again: the message is queued once, however often it comes.
const message = (given) => ({ id: randomUUID(), ...(typeof given === "object" ? given : { content: given }) });
const push = (content, to = {}) => post("/push", message({ content, ...to }));
const pushBatch = (messages) => post("/push/batch", messages.map(message));

try {
  await push("hello from Node");
  await push("order 1024 is paid", { channels: ["orders"] });
  await push("your parcel is here", { users: [42] });
  await pushBatch(["first", { content: "second", channels: ["orders"] }]);
  await push("order 1024 is shipped", { channels: ["orders"], id: "order-1024-shipped" });
  await push("order 1024 is shipped", { channels: ["orders"], id: "order-1024-shipped" }); // Arrives once.
  console.log("pushed");
} catch (problem) {
  const why = problem instanceof Refused ? "refused" : `no answer from ${URL}`;
  console.error(`${why}: ${problem.cause?.message ?? problem.message}`);
  process.exitCode = 1;
}
