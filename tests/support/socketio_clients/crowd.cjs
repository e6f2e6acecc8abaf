// Many pages with socket.io-client: `crowd.cjs PORT PAGES`, which is JSON: the `auth` of each page, by its name.
// A line on stdout for each thing that one hears. They leave when stdin ends.
const { io } = require("socket.io-client")
const [port, pages] = process.argv.slice(2)
for (const [name, auth] of Object.entries(JSON.parse(pages))) {
  const tell = (...what) => console.log(JSON.stringify([name, ...what]))
  const socket = io(`http://127.0.0.1:${port}`, {
    transports: ["websocket"], auth, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200, timeout: 2000,
  })
  socket.on("connect", () => tell("connect", socket.recovered))
  socket.onAny((event, content) => tell(event, content))
}
process.stdin.on("end", () => process.exit(0)).resume()
