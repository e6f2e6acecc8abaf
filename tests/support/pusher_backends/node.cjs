// A backend with Pusher's library for Node, `pusher`: `node.cjs PORT ID KEY SECRET`.
const Pusher = require("pusher")

const [port, appId, key, secret] = process.argv.slice(2)
const client = (withSecret) =>
  new Pusher({
    appId,
    key,
    secret: withSecret,
    host: "127.0.0.1",
    port,
    encryptionMasterKeyBase64: "ZUhQVldIZzduRkdZVkJzS2pPRkRYV1JyaWJJUjJiMGI=",
  })
const backend = client(secret)
const answer = async (call) => (await call).json()
const refusal = (call) =>
  call.then(
    () => "taken",
    (problem) => String(problem.status),
  )

const main = async () => {
  const room = "/channels/presence-room"
  const info = "user_count,subscription_count"
  console.log(
    JSON.stringify({
      trigger: await answer(backend.trigger(["orders", "news"], "paid", { n: 1 }, { socket_id: "12.34" })),
      info: await answer(backend.trigger(["presence-room", "orders"], "said", "text", { info })),
      batch: await answer(
        backend.triggerBatch([
          { channel: "orders", name: "a", data: "消息" },
          { channel: "private-b@x", name: "b", data: { x: [1] }, socket_id: "1.2" },
        ]),
      ),
      user: await answer(backend.sendToUser("42", "hello", "")),
      encrypted: await answer(backend.trigger("private-encrypted-c", "secret", "nobody reads it here")),
      channels: await answer(
        backend.get({ path: "/channels", params: { filter_by_prefix: "presence-", info: "user_count" } }),
      ),
      channel: await answer(backend.get({ path: room, params: { info } })),
      users: await answer(backend.get({ path: `${room}/users` })),
      terminate: await answer(backend.terminateUserConnections("42")),
      wrong: await refusal(client("wrong-secret").trigger("orders", "paid", "")),
      bad: await refusal(backend.get({ path: "/channels/orders", params: { info: "user_count" } })),
    }),
  )
}

main()
