"""A backend that gets webhooks, and pages of Pusher's protocol of which they tell."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import pytest

from tests.support.processes import wait_until
from tests.support.pusher_http import ONE, hmac_of
from tests.support.websocket import LIMIT, TEXT, Client

APP, KEY, SECRET = ONE[0]
HANGS, BREAKS = 0, -1  # Instead of a status: it says nothing for long, or goes away at once.
Event = dict[str, Any]
Request = tuple[str, str, bytes]


class Backend(ThreadingHTTPServer):
    """What it is told, request by request; while `is_slow` it takes them and does not answer.

    `answer` says with which status, for each of them.
    """

    def __init__(self, answer: Callable[[], int] = lambda: 204) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.got: list[Request] = []
        self.taken: list[Request] = []  # Of those, what it has answered with 2xx.
        self.is_slow = False
        self.has_got, self.may_answer = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?a=1"

    @property
    def events(self) -> list[Event]:
        return [each for request in list(self.got) for each in events_in(request)]

    def wait_for(self, *names: str) -> None:
        """Until it has been told of all these."""
        wait_until(
            lambda: set(names) <= {each["name"] for each in self.events}, f"{names} {self.events}"
        )

    def server_close(self) -> None:
        self.may_answer.set()
        self.shutdown()
        super().server_close()


class Handler(BaseHTTPRequestHandler):
    server: Backend

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = self.headers["X-Pusher-Key"], self.headers["X-Pusher-Signature"], body
        self.server.got.append(request)
        status = HANGS if self.server.is_slow else self.server.answer()
        if status == HANGS:
            self.server.has_got.set()
            self.server.may_answer.wait(LIMIT)
        elif status != BREAKS:
            if 200 <= status < 300:
                self.server.taken.append(request)
            self.send_response(status)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class Page:
    """A client, without any library."""

    def __init__(self, port: int) -> None:
        self._client = Client(port, f"/app/{KEY}?protocol=7&client=test")
        data = json.loads(self._hear("pusher:connection_established"))
        self.socket_id: str = data["socket_id"]

    def subscribe(self, channel: str, user: str = "") -> None:
        data: Event = {"channel": channel}
        text = f"{self.socket_id}:{channel}"
        if user:
            data["channel_data"] = json.dumps({"user_id": user})
            text += f":{data['channel_data']}"
        self.say("pusher:subscribe", {**data, "auth": f"{KEY}:{hmac_of(SECRET, text)}"})
        self._hear("pusher_internal:subscription_succeeded")

    def say(self, event: str, data: object, **more: str) -> None:
        self._client.send(TEXT, json.dumps({"event": event, "data": data, **more}).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.socket.close()

    def _hear(self, event: str) -> Any:
        while (said := json.loads(self._client.texts(1)[0]))["event"] != event:
            pass
        return said.get("data")


def events_in(request: Request) -> list[Event]:
    events: list[Event] = json.loads(request[-1])["events"]
    return events


def of(channel: str, events: list[Event]) -> list[Event]:
    """What was told of a channel."""
    found = [each for each in events if each["channel"] == channel]
    return [{name: each[name] for name in each if name != "channel"} for each in found]


def once(events: list[Event]) -> list[Event]:
    """Without what was told again, as after a sender that was killed."""
    found: list[Event] = []
    for each in events:
        if each not in found:
            found.append(each)
    return found


def check_with_the_library(requests: list[Request]) -> None:
    """Pusher's own library for Python takes each request."""
    pusher = pytest.importorskip("pusher")
    library = pusher.Pusher(app_id=APP, key=KEY, secret=SECRET)
    for key, signature, body in requests:
        assert library.validate_webhook(key, signature, body.decode()) == json.loads(body)
        assert library.validate_webhook(key, "0" * 64, body.decode()) is None
