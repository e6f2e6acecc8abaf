// Pages with pusher-js, and one that only visits: `page.cjs PORT KEY SECRET NAME…`. What they hear is a line of JSON each.
// Its input has lines `enter NAME` and `leave NAME`: of the room.
const { createHmac } = require("crypto")
const readline = require("readline")
const Pusher = require("pusher-js")

const [port, key, secret, ...names] = process.argv.slice(2)
const ROOM = "presence-room"
const say = (...words) => process.stdout.write(JSON.stringify(words) + "\n")
const sign = (text) => `${key}:${createHmac("sha256", secret).update(text).digest("hex")}`

const authorize = (user) => ({
  customHandler: ({ socketId, channelName }, done) => {
    const text = `${socketId}:${channelName}`
    if (channelName !== ROOM) return done(null, { auth: sign(text) })
    const channel_data = JSON.stringify({ user_id: user })
    done(null, { auth: sign(`${text}:${channel_data}`), channel_data })
  },
})

const join = (pusher, name, channel) => {
  const joined = pusher.subscribe(channel)
  joined.bind_global((event, data) => {
    say(name, channel, event, event === "tick" || event === "pusher:member_removed" ? data : null)
    if (channel === ROOM && event !== "tick") say(name, "", "members", Object.keys(joined.members.members))
  })
}

const pages = new Map(
  names.map((name) => {
    const options = { wsHost: "127.0.0.1", wsPort: Number(port), wsPath: `/r/${name}`, forceTLS: false, cluster: "" }
    const pusher = new Pusher(key, { ...options, enabledTransports: ["ws"], channelAuthorization: authorize(name) })
    pusher.connection.bind("state_change", ({ current }) => say(name, "", "state", current))
    return [name, pusher]
  }),
)
for (const [name, pusher] of pages) for (const channel of ["news", "private-orders"]) join(pusher, name, channel)

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [order, name] = line.split(" ")
  if (order === "enter") join(pages.get(name), name, ROOM)
  else pages.get(name).unsubscribe(ROOM)
}).on("close", () => process.exit(0))
