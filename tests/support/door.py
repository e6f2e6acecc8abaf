"""What tests of the door send, and how they wait for it."""

import gevent

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
OTHER = b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n"


def turn() -> None:
    """Let the loop look at sockets and callbacks a few times."""
    for _ in range(4):
        gevent.sleep(0.0005)
