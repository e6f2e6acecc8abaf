"""Requests that two readers of HTTP may read in two ways, and what of them may be believed.

Each holds a second request, which is hidden in the first one for whoever reads by RFC 9112. A
server that takes it for a request does what a proxy in front has not allowed.
"""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import h11

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
BODY = "content=seen"  # 12 bytes.
CHUNKS = f"c\r\n{BODY}\r\n0\r\n\r\n"
LENGTH = "Content-Length: 12\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
HIDDEN = "GET /push?content=hidden HTTP/1.1\r\nHost: {host}\r\n\r\n"
START = "POST /push HTTP/1.1\r\nHost: {host}\r\n" + FORM
# By each of these a reader may come to see the hidden request: by another length of the body,
# another end of the head, another number of requests. None of it is to be pushed.
WRONG = {
    "two lengths": f"{START}{LENGTH}Content-Length: 0\r\n\r\n{BODY}",
    "two lengths, the long one first": f"{START}Content-Length: 99\r\n{LENGTH}\r\n{BODY}",
    "a list of lengths": f"{START}Content-Length: 12, 12\r\n\r\n{BODY}",
    "a list of two lengths": f"{START}Content-Length: 12, 0\r\n\r\n{BODY}",
    "a signed length": f"{START}Content-Length: +12\r\n\r\n{BODY}",
    "a negative length": f"{START}Content-Length: -1\r\n\r\n{BODY}",
    "a length in hex": f"{START}Content-Length: 0xc\r\n\r\n{BODY}",
    "a length with a line": f"{START}Content-Length: 1_2\r\n\r\n{BODY}",
    "a length in other digits": f"{START}Content-Length: 1\xb2\r\n\r\n{BODY}",
    "a length with a fraction": f"{START}Content-Length: 12.0\r\n\r\n{BODY}",
    "two numbers as a length": f"{START}Content-Length: 12 0\r\n\r\n{BODY}",
    "an empty length": f"{START}Content-Length:\r\n\r\n{BODY}",
    "a space before the colon of the length": f"{START}Content-Length : 12\r\n\r\n{BODY}",
    "a tab before the colon of the length": f"{START}Content-Length\t: 12\r\n\r\n{BODY}",
    "a space before the length": f"{START} Content-Length: 12\r\n\r\n{BODY}",
    "a NUL in the name of the length": f"{START}Content-Length\x00: 12\r\n\r\n{BODY}",
    "a NUL behind the length": f"{START}Content-Length: 12\x00\r\n\r\n{BODY}",
    "a folded length": f"{START}Content-Length:\r\n 12\r\n\r\n{BODY}",
    "a length folded into another": f"{START}X: a\r\n Content-Length: 12\r\n\r\n{BODY}",
    "a length behind a bare CR": f"{START}X: a\rContent-Length: 12\r\n\r\n{BODY}",
    "a length behind a bare LF": f"{START}X: a\nContent-Length: 0\n{LENGTH}\r\n{BODY}",
    "length and chunks": f"{START}Content-Length: 5\r\n{CHUNKED}\r\n0\r\n\r\n",
    "chunks and length": f"{START}{CHUNKED}Content-Length: 4\r\n\r\n0\r\n\r\n",
    "chunks in a list": f"{START}Transfer-Encoding: chunked, identity\r\n\r\n{CHUNKS}",
    "chunks and another coding": f"{START}Transfer-Encoding: gzip, chunked\r\n\r\n{CHUNKS}",
    "chunks twice": f"{START}{CHUNKED}{CHUNKED}\r\n{CHUNKS}",
    "chunks twice in a list": f"{START}Transfer-Encoding: chunked, chunked\r\n\r\n{CHUNKS}",
    "chunks with an x": f"{START}Transfer-Encoding: xchunked\r\n{LENGTH}\r\n{BODY}",
    "chunks with an x and a dash": f"{START}Transfer-Encoding: x-chunked\r\n\r\n{CHUNKS}",
    "chunks in quotes": f'{START}Transfer-Encoding: "chunked"\r\n\r\n{CHUNKS}',
    "chunks with a parameter": f"{START}Transfer-Encoding: chunked;a=b\r\n\r\n{CHUNKS}",
    "chunks behind a vertical tab": f"{START}Transfer-Encoding: \x0bchunked\r\n\r\n{CHUNKS}",
    "chunks behind a NUL": f"{START}Transfer-Encoding: \x00chunked\r\n\r\n{CHUNKS}",
    "a space before the colon of chunks": f"{START}Transfer-Encoding : chunked\r\n\r\n{CHUNKS}",
    "a space before chunks": f"{START} {CHUNKED}\r\n{CHUNKS}",
    "folded chunks": f"{START}Transfer-Encoding:\r\n chunked\r\n{LENGTH}\r\n{CHUNKS}",
    "chunks behind a bare CR": f"{START}X: a\r{CHUNKED}\r\n{CHUNKS}",
    "chunks of another letter": f"{START}Transfer-Encoding: ch\xfcnked\r\n\r\n{CHUNKS}",
    "no coding": f"{START}Transfer-Encoding: identity\r\n\r\n{CHUNKS}",
    "an empty coding, and chunks": f"{START}Transfer-Encoding:\r\n{CHUNKED}{LENGTH}\r\n{CHUNKS}",
    "chunks of HTTP/1.0": f"{START}{CHUNKED}\r\n{CHUNKS}".replace("/1.1", "/1.0"),
    "a chunk with a bare LF": f"{START}{CHUNKED}\r\nc\n{BODY}\n0\n\n",
    "a chunk of hex": f"{START}{CHUNKED}\r\n0x{CHUNKS}",
    "a signed chunk": f"{START}{CHUNKED}\r\n+{CHUNKS}",
    "a negative chunk": f"{START}{CHUNKED}\r\n-{CHUNKS}",
    "a chunk with a line": f"{START}{CHUNKED}\r\n0_{CHUNKS}",
    "a chunk behind a space": f"{START}{CHUNKED}\r\n {CHUNKS}",
    "a chunk without a size": f"{START}{CHUNKED}\r\n\r\n{BODY}\r\n0\r\n\r\n",
    "a chunk longer than its size": f"{START}{CHUNKED}\r\nb\r\n{BODY}\r\n0\r\n\r\n",
    "a chunk with another end": f"{START}{CHUNKED}\r\nc\r\n{BODY}XX0\r\n\r\n",
    "a huge chunk": f"{START}{CHUNKED}\r\n{'f' * 20}\r\n{BODY}\r\n0\r\n\r\n",
    "a chunk whose size wraps": f"{START}{CHUNKED}\r\n1000000000000000c\r\n{BODY}\r\n0\r\n\r\n",
    "an LF in the extension of a chunk": f"{START}{CHUNKED}\r\nc;a\nb\r\n{BODY}\r\n0\r\n\r\n",
    "a CR in the extension of a chunk": f"{START}{CHUNKED}\r\nc;a\rb\r\n{BODY}\r\n0\r\n\r\n",
    "a broken trailer": f"{START}{CHUNKED}\r\nc\r\n{BODY}\r\n0\r\nX : y\r\n\r\n",
    "two hosts": f"{START}Host: b\r\n{LENGTH}\r\n{BODY}",
    "a name without a colon": f"{START}X\r\n{LENGTH}\r\n{BODY}",
    "a NUL in a value": f"{START}X: a\x00b\r\n{LENGTH}\r\n{BODY}",
    "an LF alone ends the lines": f"{START}{LENGTH}\r\n{BODY}".replace("\r\n", "\n"),
    "an LF alone ends the head": f"{START}{LENGTH}\n{BODY}",
    "a tab in the first line": f"{START}{LENGTH}\r\n{BODY}".replace(" /push ", "\t/push\t"),
    "no version": f"{START}{LENGTH}\r\n{BODY}".replace(" HTTP/1.1", ""),
    "an odd version": f"{START}{LENGTH}\r\n{BODY}".replace("/1.1", "/1.1\x0b"),
}
# Read in one way only, with the hidden request as a body: it is no request, and no push either.
SIZE = "Host: {host}\r\nContent-Length: {size}\r\n"
BODIES = {
    "in the body of a GET": f"GET /healthz HTTP/1.1\r\n{SIZE}\r\n",
    "in the body of a HEAD": f"HEAD /healthz HTTP/1.1\r\n{SIZE}\r\n",
    "in the body of a push": f"GET /push?content= HTTP/1.1\r\n{SIZE}\r\n",
    "in the body of what is not there": f"POST /x HTTP/1.1\r\n{SIZE}\r\n",
    "in the body of JSON": f"POST /push HTTP/1.1\r\n{SIZE}Content-Type: application/json\r\n\r\n",
    "in a chunk": f"{START}{CHUNKED}\r\n{{size:x}}\r\n",
    "behind an upgrade": f"GET /healthz HTTP/1.1\r\n{SIZE}Upgrade: websocket\r\n\r\n",
}


def attacks(host: str, hidden: str = HIDDEN) -> dict[str, bytes]:
    """All of them by name; the hidden request follows where a body would have ended, or is it."""
    inner = hidden.format(host=host)
    found = {name: text.replace("{host}", host) + inner for name, text in WRONG.items()}
    for name, text in BODIES.items():
        found[name] = text.format(host=host, size=len(inner)) + inner
        if CHUNKED in text:
            found[name] += "\r\n0\r\n\r\n"
    return {name: text.encode("latin-1") for name, text in found.items()}


def requests_in(stream: bytes) -> list[tuple[str, bytes]]:
    """Target and body of each request that h11, another reader of HTTP, finds in it."""
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    reader.receive_data(stream)
    reader.receive_data(b"")
    found: list[tuple[str, bytes]] = []
    while True:
        try:
            event: Any = reader.next_event()
        except h11.RemoteProtocolError as problem:
            if "peer closed" not in str(problem):  # It is no HTTP.
                raise
            return found
        if isinstance(event, h11.Request):
            found.append((event.target.decode("latin-1"), b""))
        elif isinstance(event, h11.Data):
            target, body = found.pop()
            found.append((target, body + bytes(event.data)))
        elif isinstance(event, h11.EndOfMessage):
            reader.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
            reader.send(h11.EndOfMessage())
            if reader.our_state is h11.MUST_CLOSE or reader.their_state is h11.MUST_CLOSE:
                return found
            reader.start_next_cycle()
        else:
            return found


def contents_in(stream: bytes) -> list[str]:
    """What the pushes among them push; the body is a form."""
    contents = []
    for target, body in requests_in(stream):
        text = body.decode("latin-1")
        if text and "=" not in text:  # A form of no fields is the content itself.
            contents.append(text)
        for source in (text, urlsplit(target).query):
            contents += parse_qs(source).get("content", [])[-1:]
    return contents


class Recorder(socketserver.ThreadingTCPServer):
    """Stands between a proxy and a server, and keeps all that each connection brings."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Relay)
        self.behind = ("127.0.0.1", port)
        self.port: int = self.server_address[1]
        self.streams: list[bytearray] = []


class _Relay(socketserver.BaseRequestHandler):
    server: Recorder

    def handle(self) -> None:
        stream = bytearray()
        self.server.streams.append(stream)
        with suppress(OSError), socket.create_connection(self.server.behind) as behind:
            back = threading.Thread(target=self._pass_back, args=[behind], daemon=True)
            back.start()
            while data := self.request.recv(65536):
                stream += data
                behind.sendall(data)
            behind.shutdown(socket.SHUT_WR)
            back.join()

    def _pass_back(self, behind: socket.socket) -> None:
        with suppress(OSError):
            while data := behind.recv(65536):
                self.request.sendall(data)
            self.request.shutdown(socket.SHUT_WR)


@contextmanager
def recording(port: int) -> Iterator[Recorder]:
    """In front of the server at this port."""
    with Recorder(port) as recorder:
        thread = threading.Thread(target=recorder.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield recorder
        finally:
            recorder.shutdown()
            thread.join()
