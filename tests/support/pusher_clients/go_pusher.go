// A client with go-pusher, which knows public channels only, and its backend: `main HTTP WS WS ID KEY SECRET`.
package main

import (
	"encoding/json"
	"os"
	"time"

	client "github.com/avdva/go-pusher"
	backend "github.com/pusher/pusher-http-go/v5"
)

func must[T any](answer T, err error) T {
	if err != nil {
		panic(err)
	}
	return answer
}

func main() {
	app := &backend.Client{AppID: os.Args[4], Key: os.Args[5], Secret: os.Args[6], Host: "127.0.0.1:" + os.Args[1]}
	page := must(client.NewCustomClient(os.Args[5], "127.0.0.1:"+os.Args[2], "ws"))
	told := []string{}
	heard := map[string]chan *client.Event{}
	for _, event := range []string{"pusher_internal:subscription_succeeded", "paid"} {
		heard[event] = must(page.Bind(event))
	}
	hear := func(event string) {
		select {
		case said := <-heard[event]:
			told = append(told, said.Event, said.Data)
		case <-time.After(20 * time.Second):
			panic(event + " was not heard")
		}
	}
	must(0, page.Subscribe("news"))
	hear("pusher_internal:subscription_succeeded")
	must(0, app.Trigger("news", "paid", map[string]int{"n": 1}))
	hear("paid")
	os.Stdout.Write(must(json.Marshal(told)))
}
