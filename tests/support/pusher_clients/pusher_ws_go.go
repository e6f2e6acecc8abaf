// Two clients with pusher-ws-go, and their backend: `main HTTP WS WS ID KEY SECRET`.
package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	ws "github.com/goguardian/pusher-ws-go"
	"github.com/pusher/pusher-http-go/v5"
)

func must[T any](answer T, err error) T {
	if err != nil {
		panic(err)
	}
	return answer
}

func hear[T any](from chan T) T {
	select {
	case said := <-from:
		return said
	case <-time.After(20 * time.Second):
		panic("nothing was heard")
	}
}

// What an event says, whose data is the text of JSON.
func said(data json.RawMessage) (value any) {
	must(0, ws.UnmarshalDataString(data, &value))
	return value
}

func main() {
	backend := &pusher.Client{AppID: os.Args[4], Key: os.Args[5], Secret: os.Args[6], Host: "127.0.0.1:" + os.Args[1]}
	authorise := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		body := must(io.ReadAll(request.Body))
		user := request.Header.Get("X-User")
		signed, err := backend.AuthorizePresenceChannel(body, pusher.MemberData{UserID: user, UserInfo: map[string]string{"name": user}})
		if request.Header.Get("X-Kind") == "private" {
			signed, err = backend.AuthorizePrivateChannel(body)
		}
		answer.Write(must(signed, err))
	}))
	connect := func(port, user string) *ws.Client {
		// It has no option for another host; what it makes of this cluster is a path that ends in /app/KEY.
		client := &ws.Client{Insecure: true, Cluster: "x@127.0.0.1:" + port + "/here", AuthURL: authorise.URL}
		client.AuthHeaders = http.Header{"X-User": {user}}
		must(0, client.Connect(os.Args[5]))
		return client
	}
	page, other := connect(os.Args[2], "1"), connect(os.Args[3], "2")
	told := []any{}

	news := must(page.Subscribe("news"))
	paid := news.Bind("paid")
	must(0, backend.Trigger("news", "paid", map[string]int{"n": 1}))
	told = append(told, []any{"news", "paid", said(hear(paid))})

	page.AuthHeaders.Set("X-Kind", "private")
	other.AuthHeaders.Set("X-Kind", "private")
	private := must(page.Subscribe("private-a"))
	written := private.Bind("client-x")
	must(0, must(other.Subscribe("private-a")).Trigger("client-x", map[string]int{"from": 2}))
	told = append(told, []any{"private-a", "client-x", said(hear(written))})

	page.AuthHeaders.Del("X-Kind")
	other.AuthHeaders.Del("X-Kind")
	room := must(page.SubscribePresence("presence-c"))
	told = append(told, []any{"presence-c", "me", must(room.Me()).ID, room.MemberCount()})
	added, removed := room.BindMemberAdded(), room.BindMemberRemoved()
	theirs := must(other.SubscribePresence("presence-c"))
	told = append(told, []any{"presence-c", "added", hear(added), theirs.MemberCount()})
	must(0, other.Unsubscribe("presence-c"))
	told = append(told, []any{"presence-c", "removed", hear(removed)})
	os.Stdout.Write(must(json.Marshal(told)))
}
