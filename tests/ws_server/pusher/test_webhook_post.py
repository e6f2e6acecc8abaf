"""One request, with a real backend in this process."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import gevent
import pytest

from ws_server.pusher import webhook_post
from ws_server.pusher.webhook_post import NotTaken, post

pytestmark = pytest.mark.integration


class Handler(BaseHTTPRequestHandler):
    """Answers the status that the path ends with."""

    asked: list[tuple[str, str | None, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, self.headers["X-Pusher-Key"], body))
        self.send_response(int(self.path[-3:]))
        self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def url() -> Iterator[str]:
    Handler.asked = []
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_backend_gets_the_body_and_the_headers(url: str) -> None:
    post(f"{url}/hook?a=1&then=204", {"X-Pusher-Key": "k"}, b"{}")

    assert Handler.asked == [("/hook?a=1&then=204", "k", b"{}")]


@pytest.mark.parametrize("status", [301, 307, 400, 410, 500])
def test_any_other_answer_than_yes_is_told_and_no_redirect_is_followed(
    url: str, status: int
) -> None:
    with pytest.raises(NotTaken, match=f"it answered {status}"):
        post(f"{url}/{status}", {}, b"{}")

    assert len(Handler.asked) == 1


def test_nobody_at_the_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NotTaken, match="ConnectionRefusedError: Connection refused"):
            post(f"http://127.0.0.1:{taken.getsockname()[1]}/", {}, b"{}")


def test_no_answer_is_not_waited_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NotTaken):
        post(f"http://127.0.0.1:{silent.getsockname()[1]}/", {}, b"{}", 0.05)


def test_all_of_it_has_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_post, "_status", lambda *_: gevent.sleep(10))  # As drop by drop.

    with pytest.raises(NotTaken, match=r"no answer within 0\.01 s"):
        post("http://127.0.0.1/", {}, b"{}", 0.01)


def test_what_is_no_http_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"what?\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(NotTaken, match=r"^BadStatusLine$"):
            post(f"http://127.0.0.1:{server.getsockname()[1]}/", {}, b"{}")
        thread.join()


def test_an_https_address_must_show_a_certificate(url: str) -> None:
    with pytest.raises(NotTaken, match="Error: "):
        post(url.replace("http:", "https:"), {}, b"{}", 0.5)

    assert Handler.asked == []
