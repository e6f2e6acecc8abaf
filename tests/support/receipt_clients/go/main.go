// Listens to all of its arguments, and has no code for pings.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"log"
	"os"

	"github.com/gorilla/websocket"
)

func main() {
	trusted := x509.NewCertPool()
	pem, _ := os.ReadFile(os.Getenv("CERTIFICATE"))
	trusted.AppendCertsFromPEM(pem)
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: trusted}}
	for _, url := range os.Args[1:] {
		socket, _, err := dialer.Dial(url, nil)
		if err != nil {
			log.Fatal(url, err)
		}
		go func() {
			for {
				if _, _, err := socket.ReadMessage(); err != nil {
					log.Fatal(url, err)
				}
			}
		}()
	}
	select {}
}
