// Listen to a channel over Server-Sent Events, and after each break go on with the next message.
package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const longestSilence = 90 * time.Second // The server says something more often.

var (
	address = cmp.Or(os.Getenv("MESSAGE_CENTER_EVENTS_URL"), "http://127.0.0.1:2345/events")
	token   = os.Getenv("MESSAGE_CENTER_LISTEN_TOKEN")
	lastID  string // To go on after a restart of this program, keep it.
)

// Event is what stands between two empty lines of the stream. Kind is empty for a message.
type Event struct{ ID, Kind, Data string }

func take(event Event) {
	switch event.Kind {
	case "":
		fmt.Println(event.Data)
	case "gap":
		log.Println("messages are missing, read your database anew:", event.Data)
	}
}

// follow reads one stream to its end. Whether to come back may be of use is the first result.
func follow() (bool, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	watchdog := time.AfterFunc(longestSilence, cancel)
	defer watchdog.Stop()
	query := url.Values{"format": {"json"}, "channels": {"orders"}}
	if lastID == "" {
		query.Set("last", "10") // At first the newest messages that there are.
	}
	request, err := http.NewRequestWithContext(ctx, "GET", address+"?"+query.Encode(), nil)
	if err != nil {
		return false, err
	}
	request.Header.Set("Last-Event-ID", lastID)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return true, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
		return answer.StatusCode >= 500, fmt.Errorf("refused: %d %s", answer.StatusCode, said)
	}
	var event Event
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		watchdog.Reset(longestSilence)
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			event.ID = value
		case "event":
			event.Kind = value
		case "data":
			event.Data = value
		case "": // The end of an event, or a comment, which has no data.
			if event.Data != "" {
				take(event)
			}
			lastID = cmp.Or(event.ID, lastID)
			event = Event{}
		}
	}
	return true, cmp.Or(lines.Err(), io.ErrUnexpectedEOF)
}

func main() {
	for {
		mayPass, err := follow()
		log.Println(err)
		if !mayPass {
			os.Exit(1)
		}
		time.Sleep(time.Second/2 + rand.N(2*time.Second)) // Not all clients of a server in the same moment.
	}
}
