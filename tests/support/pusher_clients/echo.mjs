// A page with Laravel Echo, and its backend: `echo.mjs HTTP WS WS ID KEY SECRET`.
import Backend from "pusher"
import Echo from "laravel-echo"
import Pusher from "pusher-js"

const [httpPort, port, other, appId, key, secret] = process.argv.slice(2)
const backend = new Backend({ appId, key, secret, host: "127.0.0.1", port: httpPort })
const told = []

const echo = (wsPort, user) =>
  new Echo({
    broadcaster: "reverb",
    Pusher,
    key,
    wsHost: "127.0.0.1",
    wsPort: Number(wsPort),
    forceTLS: false,
    enabledTransports: ["ws"],
    authorizer: ({ name }) => ({
      authorize: (socketId, done) => {
        const member = name.startsWith("presence-") ? { user_id: user, user_info: { id: user } } : undefined
        done(null, backend.authorizeChannel(socketId, name, member))
      },
    }),
  })

const when = (call) => new Promise((resolve) => call((...said) => resolve(said)))

const main = async () => {
  const page = echo(port, "1")
  const friend = echo(other, "2")
  const orders = page.private("orders.1")
  await when((done) => orders.subscribed(done))
  const shipped = when((done) => orders.listen("OrderShipped", done))
  await backend.trigger("private-orders.1", "App\\Events\\OrderShipped", { id: 7 })
  told.push(["shipped", ...(await shipped)])

  const room = page.join("chat")
  told.push(["here", ...(await when((done) => room.here(done)))])
  const joining = when((done) => room.joining(done))
  const friends = friend.join("chat")
  told.push(["friend here", ...(await when((done) => friends.here(done)))])
  told.push(["joining", ...(await joining)])
  const whispered = when((done) => room.listenForWhisper("typing", done))
  friends.whisper("typing", { name: "x" })
  told.push(["whispered", ...(await whispered)])
  const left = when((done) => room.leaving(done))
  friend.leave("chat")
  told.push(["leaving", ...(await left)])
  console.log(JSON.stringify(told))
  process.exit(0)
}

setTimeout(() => {
  console.error("too late", JSON.stringify(told))
  process.exit(1)
}, 25000)
main()
