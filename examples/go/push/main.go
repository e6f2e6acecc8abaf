// Push to everybody, to a channel, to a user, in a batch, and twice under one id.
package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"
)

const tries = 5

var (
	url    = cmp.Or(os.Getenv("MESSAGE_CENTER_URL"), "http://127.0.0.1:2346")
	token  = os.Getenv("MESSAGE_CENTER_TOKEN")
	client = http.Client{Timeout: 10 * time.Second}
)

// Message has an id, so that it can be pushed again: it is queued once, however often it comes.
// omitzero, not omitempty: a list that is empty by mistake is refused, and does not mean everybody.
type Message struct {
	ID       string   `json:"id"`
	Content  any      `json:"content"`
	Channels []string `json:"channels,omitzero"`
	Users    []string `json:"users,omitzero"`
}

// push posts one Message to /push, or a []Message to /push/batch.
func push(path string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		wait, err := post(path, body)
		if err == nil || wait == 0 || try == tries {
			return err
		}
		time.Sleep(wait)
	}
}

// post tries once. A wait of 0 says that to try again would be no use.
func post(path string, body []byte) (wait time.Duration, err error) {
	request, err := http.NewRequest("POST", url+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := client.Do(request)
	if err != nil {
		return time.Second, fmt.Errorf("no answer: %w", err) // It may be queued or not.
	}
	defer answer.Body.Close()
	var said struct {
		Code  int
		Error string
		Msg   string
	}
	err = json.NewDecoder(answer.Body).Decode(&said)
	if answer.StatusCode == 200 && err == nil && said.Code == 0 {
		return 0, nil
	}
	if slices.Contains([]int{429, 502, 503, 504}, answer.StatusCode) {
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		wait = time.Duration(max(seconds, 1)) * time.Second
	}
	return wait, fmt.Errorf("refused: %d %s: %s", answer.StatusCode, said.Error, said.Msg)
}

func main() {
	log.SetFlags(0)
	shipped := Message{ID: "order-1024-shipped", Content: "order 1024 is shipped", Channels: []string{"orders"}}
	for _, each := range []Message{
		{ID: rand.Text(), Content: "hello from Go"},
		{ID: rand.Text(), Content: "order 1024 is paid", Channels: []string{"orders"}},
		{ID: rand.Text(), Content: "your parcel is here", Users: []string{"42"}},
	} {
		check(push("/push", each))
	}
	check(push("/push/batch", []Message{
		{ID: rand.Text(), Content: "first"},
		{ID: rand.Text(), Content: "second", Channels: []string{"orders"}},
	}))
	check(push("/push", shipped))
	check(push("/push", shipped)) // As if the answer had been lost. It arrives once.
	fmt.Println("pushed")
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
