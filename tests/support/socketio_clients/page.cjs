// One page with socket.io-client: `talk.cjs PORT`; lines on stdin are commands, lines on stdout what it hears.
const { io } = require("socket.io-client")
const tell = (...what) => console.log(JSON.stringify(what))
const socket = io(`http://127.0.0.1:${process.argv[2]}`, {
  transports: ["websocket"], auth: JSON.parse(process.argv[3] || "{}"), reconnectionDelay: 100, reconnectionDelayMax: 300,
})
socket.on("connect", () => tell("connect", socket.recovered, socket.id))
socket.on("disconnect", (why) => tell("disconnect", why))
socket.on("connect_error", (problem) => tell("connect_error", problem.message, problem.data))
socket.onAny((event, ...args) => tell("event", event, ...args))
require("readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  const [name, ...args] = JSON.parse(line)
  if (name === "emit") tell("ack", await socket.timeout(5000).emitWithAck(...args).catch((e) => String(e)))
  else socket[name](...args)
}).on("close", () => process.exit(0))
