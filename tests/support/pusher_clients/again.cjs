// A page that says each number that it hears: `again.cjs PORT KEY NAME [SNIPPET]`, with code that runs before its library connects.
globalThis.self = globalThis
const { readFileSync } = require("fs")
const Pusher = (globalThis.Pusher = require("pusher-js/worker"))

const [port, key, name, snippet] = process.argv.slice(2)
if (snippet) (0, eval)(readFileSync(snippet, "utf8"))
const options = { wsHost: "127.0.0.1", wsPort: Number(port), wsPath: `/r/${name}`, forceTLS: false, cluster: "" }
const news = new Pusher(key, { ...options, enabledTransports: ["ws"] }).subscribe("news")
news.bind_global((event, data) => console.log(event === "pusher:subscription_succeeded" ? "entered" : data))
process.stdin.on("end", () => process.exit(0)).resume()
