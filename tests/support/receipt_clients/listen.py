"""Listens to all of its arguments, and has no code for pings."""

import os
import ssl
import sys
from threading import Thread

from simple_websocket import Client, ConnectionClosed

TLS = ssl.create_default_context(cafile=os.environ["CERTIFICATE"])


def listen(url: str) -> None:
    socket = Client(url, ssl_context=TLS if url.startswith("wss:") else None)
    try:
        while True:
            socket.receive()
    except ConnectionClosed:
        pass


for url in sys.argv[1:]:
    Thread(target=listen, args=[url]).start()
