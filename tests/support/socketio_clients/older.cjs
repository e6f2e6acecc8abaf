// One page with socket.io-client 2, which speaks Engine.IO 3: `older.cjs PORT QUERY`; lines on stdout are what it hears.
const io = require("socket.io-client-2")
const [port, query] = process.argv.slice(2)
const tell = (...what) => console.log(JSON.stringify(what))
const socket = io(`http://127.0.0.1:${port}`, {
  transports: ["websocket"], query: JSON.parse(query), reconnectionDelay: 100, reconnectionDelayMax: 300,
})
socket.on("connect", () => socket.emit("subscribe", ["orders"], (answer) => tell("connect", answer.channels)))
for (const name of ["disconnect", "pong", "error", "message", "price"]) socket.on(name, (...args) => tell(name, ...args))
process.stdin.on("end", () => process.exit(0)).resume()
