// The Go original's shape: gin for the pushes, gorilla/websocket for the clients.
//
// A push is put into a channel and answered; one goroutine takes it out and writes it to every client in turn.
// Nothing is stored. Run with one port: `go-original PORT`.
package main

import (
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/websocket"
)

type hub struct {
	mutex   sync.Mutex
	clients map[*websocket.Conn]struct{}
	waiting chan []byte
}

func (h *hub) add(client *websocket.Conn) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.clients[client] = struct{}{}
}

func (h *hub) remove(client *websocket.Conn) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	delete(h.clients, client)
	client.Close()
}

func (h *hub) run() {
	for message := range h.waiting {
		h.mutex.Lock()
		for client := range h.clients {
			if client.WriteMessage(websocket.TextMessage, message) != nil {
				client.Close()
				delete(h.clients, client)
			}
		}
		h.mutex.Unlock()
	}
}

func (h *hub) listen(c *gin.Context) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	client, err := upgrader.Upgrade(c.Writer, c.Request, nil)
	if err != nil {
		return
	}
	h.add(client)
	defer h.remove(client)
	for {
		if _, _, err := client.ReadMessage(); err != nil {
			return
		}
	}
}

func (h *hub) push(c *gin.Context) {
	content := c.PostForm("content")
	if content == "" {
		c.JSON(http.StatusOK, gin.H{"code": -1, "msg": "内容不能为空"})
		return
	}
	h.waiting <- []byte(content)
	c.JSON(http.StatusOK, gin.H{"code": 0, "msg": "success"})
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	h := &hub{clients: map[*websocket.Conn]struct{}{}, waiting: make(chan []byte, 1024)}
	go h.run()
	router := gin.New()
	router.GET("/", h.listen)
	router.POST("/push", h.push)
	log.Fatal(router.Run("127.0.0.1:" + os.Args[1]))
}
