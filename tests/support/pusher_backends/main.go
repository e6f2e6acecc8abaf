// A backend with Pusher's library for Go, pusher-http-go: `go run . PORT ID KEY SECRET`.
package main

import (
	"encoding/json"
	"os"
	"strings"

	"github.com/pusher/pusher-http-go/v5"
)

func must[T any](answer T, err error) T {
	if err != nil {
		panic(err)
	}
	return answer
}

func refusal(err error) string {
	if err == nil {
		return "taken"
	}
	return strings.Fields(err.Error())[2] // "Status Code: 401 - ..."
}

func main() {
	client := func(secret string) *pusher.Client {
		return &pusher.Client{
			AppID: os.Args[2], Key: os.Args[3], Secret: secret, Host: "127.0.0.1:" + os.Args[1],
			EncryptionMasterKeyBase64: "ZUhQVldIZzduRkdZVkJzS2pPRkRYV1JyaWJJUjJiMGI=",
		}
	}
	backend := client(os.Args[4])
	first, second, prefix := "12.34", "1.2", "presence-"
	users, both := "user_count", "user_count,subscription_count"
	nothing := map[string]any{}
	told := map[string]any{}
	must(backend.TriggerMultiWithParams([]string{"orders", "news"}, "paid", map[string]int{"n": 1}, pusher.TriggerParams{SocketID: &first}))
	told["trigger"] = nothing
	said := must(backend.TriggerMultiWithParams([]string{"presence-room", "orders"}, "said", "text", pusher.TriggerParams{Info: &both}))
	room := said.Channels["presence-room"]
	told["info"] = map[string]any{"channels": map[string]any{
		"presence-room": map[string]int{"user_count": *room.UserCount, "subscription_count": *room.SubscriptionCount},
		"orders":        map[string]int{"subscription_count": *said.Channels["orders"].SubscriptionCount},
	}}
	must(backend.TriggerBatch([]pusher.Event{
		{Channel: "orders", Name: "a", Data: "消息"},
		{Channel: "private-b@x", Name: "b", Data: map[string]any{"x": []int{1}}, SocketID: &second},
	}))
	told["batch"] = nothing
	must(0, backend.SendToUser("42", "hello", ""))
	must(0, backend.Trigger("private-encrypted-c", "secret", "nobody reads it here"))
	told["user"], told["encrypted"] = nothing, nothing
	channels := must(backend.Channels(pusher.ChannelsParams{FilterByPrefix: &prefix, Info: &users}))
	told["channels"] = map[string]any{"channels": map[string]any{
		// It reads no more of it.
		"presence-room": map[string]any{"user_count": channels.Channels["presence-room"].UserCount, "occupied": true, "subscription_count": 3},
	}}
	channel := must(backend.Channel("presence-room", pusher.ChannelParams{Info: &both}))
	told["channel"] = map[string]any{"occupied": channel.Occupied, "user_count": channel.UserCount, "subscription_count": channel.SubscriptionCount}
	list := []map[string]string{}
	for _, each := range must(backend.GetChannelUsers("presence-room")).List {
		list = append(list, map[string]string{"id": each.ID})
	}
	told["users"] = map[string]any{"users": list}
	told["wrong"] = refusal(client("wrong-secret").Trigger("orders", "paid", ""))
	_, err := backend.Channel("orders", pusher.ChannelParams{Info: &users})
	told["bad"] = refusal(err)
	os.Stdout.Write(must(json.Marshal(told)))
}
