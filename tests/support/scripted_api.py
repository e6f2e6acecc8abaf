"""An HTTP API that answers what a test has written down, and keeps what it was asked."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any, ClassVar, NamedTuple

SUCCESS = '{"code":0,"msg":"success"}'


class Reply(NamedTuple):
    """One answer; a status of 0 is none: the connection is cut after the request was read."""

    status: int = 200
    body: str = SUCCESS
    headers: tuple[tuple[str, str], ...] = ()


CUT = Reply(0)


def refuses(status: int, error: str, *headers: tuple[str, str], **fields: object) -> Reply:
    """In the JSON shape of ours."""
    body = json.dumps({"code": -1, "error": error, "msg": f"in words: {error}", **fields})
    return Reply(status, body, headers)


class Asked(NamedTuple):
    """One request; `client` is the address that it came from, `at` when, of a clock of no date."""

    path: str
    body: Any
    authorization: str | None
    client: tuple[str, int]
    at: float


class ScriptedApi(ThreadingHTTPServer):
    """Plays `replies`, and the last one again and again."""

    daemon_threads = True

    def __init__(self, replies: Sequence[Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies = list(replies)
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def reply_to(self, asked: Asked) -> Reply:
        with self.lock:
            self.asked.append(asked)
            return self.replies[min(len(self.asked), len(self.replies)) - 1]


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedApi
    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float] = 5.0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        value = json.loads(body) if body else None
        token = self.headers["Authorization"]
        asked = Asked(self.path, value, token, self.client_address, monotonic())
        reply = self.server.reply_to(asked)
        self.close_connection = self.close_connection or not reply.status
        if reply.status:
            self.send_response(reply.status)
            for name, text in reply.headers:
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(reply.body.encode())))
            self.end_headers()
            self.wfile.write(reply.body.encode())

    do_GET = do_POST  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@contextmanager
def answering(*replies: Reply) -> Iterator[ScriptedApi]:
    """A server on a free port."""
    with ScriptedApi(replies or [Reply()]) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
