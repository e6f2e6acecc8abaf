// Two pages with pusher-js, at two processes, and their backend: `pusher_js.cjs HTTP WS WS ID KEY SECRET`.
const Backend = require("pusher")
const Pusher = require("pusher-js")

const [httpPort, first, second, appId, key, secret] = process.argv.slice(2)
const encryptionMasterKeyBase64 = "ZUhQVldIZzduRkdZVkJzS2pPRkRYV1JyaWJJUjJiMGI="
const backend = new Backend({ appId, key, secret, host: "127.0.0.1", port: httpPort, encryptionMasterKeyBase64 })
const told = { page: [], other: [] }

const page = (name, port, user) => {
  const options = {
    wsHost: "127.0.0.1",
    wsPort: Number(port),
    forceTLS: false,
    enabledTransports: ["ws"],
    cluster: "",
    channelAuthorization: {
      customHandler: ({ socketId, channelName }, done) => {
        const member = { user_id: user, user_info: { name: `${user}!` } }
        const data = channelName.startsWith("presence-") ? member : undefined
        done(null, backend.authorizeChannel(socketId, channelName, data))
      },
    },
    userAuthentication: {
      customHandler: ({ socketId }, done) => done(null, backend.authenticateUser(socketId, { id: user })),
    },
  }
  const pusher = new Pusher(key, options)
  // What each channel says, in its order; `next` waits for it.
  const waiting = new Map()
  const note = (channel, event, data) => {
    const said = JSON.stringify(data && data.members ? { count: data.count, me: data.me, members: data.members } : data)
    told[name].push(`${channel} ${event} ${said}`)
    const id = `${channel} ${event}`
    waiting.get(id)?.forEach((resolve) => resolve(data))
    waiting.delete(id)
  }
  const next = (channel, event) =>
    new Promise((resolve) => {
      const id = `${channel} ${event}`
      waiting.set(id, [...(waiting.get(id) || []), resolve])
    })
  const join = async (channel) => {
    const entered = next(channel, "pusher:subscription_succeeded")
    const joined = pusher.subscribe(channel)
    joined.bind_global((event, data) => note(channel, event, data))
    await entered
    return joined
  }
  pusher.connection.bind("error", (problem) => note("", "error", problem.data || problem))
  return { pusher, join, next, note }
}

const main = async () => {
  const a = page("page", first, "1")
  const b = page("other", second, "2")
  await a.join("news")
  await Promise.all([a.join("private-room"), b.join("private-room")])
  const three = a.next("private-room", "said")
  await backend.trigger(["news", "private-room", "elsewhere"], "said", { n: 1, text: 'é"\\' })
  await three

  const secretRoom = "private-encrypted-vault"
  await a.join(secretRoom)
  const kept = a.next(secretRoom, "kept")
  await backend.trigger(secretRoom, "kept", { nobody: "reads it here" })
  await kept

  await a.join("presence-room")
  const added = a.next("presence-room", "pusher:member_added")
  const room = await b.join("presence-room")
  await added
  const typed = a.next("presence-room", "client-typing")
  room.trigger("client-typing", { on: true })
  await typed
  const bye = a.next("presence-room", "pusher:member_removed")
  b.pusher.unsubscribe("presence-room")
  await bye

  const missed = a.next("cache-last", "pusher:cache_miss")
  await a.join("cache-last")
  await missed
  const cached = a.next("cache-last", "price")
  await backend.trigger("cache-last", "price", { now: 1 })
  await cached
  const again = b.next("cache-last", "price")
  await b.join("cache-last")
  await again

  const before = b.next("private-room", "others")
  await backend.trigger("private-room", "others", 1, { socket_id: a.pusher.connection.socket_id })
  await before
  a.pusher.signin()
  await a.pusher.user.signinDonePromise
  a.pusher.user.bind_global((event, data) => a.note("#user", event, data))
  const toUser = a.next("#user", "hello")
  await backend.sendToUser("1", "hello", "you")
  await toUser

  const closed = new Promise((resolve) => a.pusher.connection.bind("disconnected", resolve))
  await backend.terminateUserConnections("1")
  await closed
  console.log(JSON.stringify(told))
  process.exit(0)
}

setTimeout(() => {
  console.error("too late", JSON.stringify(told))
  process.exit(1)
}, 25000)
main()
