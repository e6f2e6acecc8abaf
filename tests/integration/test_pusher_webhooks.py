"""Webhooks, as a real backend gets them from two real WebSocket servers, one of which is killed."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from config.cli.embedded import EmbeddedValkey
from tests.support.processes import wait_until
from tests.support.pusher_http import ONE, SETTING, hmac_of
from tests.support.system import System
from tests.support.websocket import LIMIT, TEXT, Client

_, KEY, SECRET = ONE[0]
Event = dict[str, Any]
Request = tuple[str, str, bytes]


class Backend(ThreadingHTTPServer):
    """What it is told, request by request; while `is_slow` it takes them and does not answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken: list[Request] = []
        self.is_slow = False
        self.has_taken, self.may_answer = threading.Event(), threading.Event()

    @property
    def events(self) -> list[Event]:
        return [each for request in list(self.taken) for each in events_in(request)]

    def wait_for(self, *names: str) -> None:
        """Until it has been told of all these."""
        wait_until(
            lambda: set(names) <= {each["name"] for each in self.events}, f"{names} {self.events}"
        )


class Handler(BaseHTTPRequestHandler):
    server: Backend

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = self.headers["X-Pusher-Key"], self.headers["X-Pusher-Signature"], body
        self.server.taken.append(said)
        if self.server.is_slow:
            self.server.has_taken.set()
            self.server.may_answer.wait(LIMIT)
            return
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def backend() -> Iterator[Backend]:
    with Backend() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


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


def test_a_backend_is_told_of_everything_in_order_also_if_the_sender_is_killed(
    valkey: EmbeddedValkey, key: str, tmp_path: Path, backend: Backend
) -> None:
    settings: Event = {
        "PUSHER_APPS": SETTING,
        "PUSHER_WEBHOOKS": f"{ONE[0][0]}:http://127.0.0.1:{backend.server_port}/hook?a=1",
        "MESSAGE_CENTER_KEY": key,
        "DELIVERY": "instant",
    }
    with System(tmp_path, valkey.url) as system:
        sender, port = system.start_ws(**settings)  # The first has the lease.
        with Page(port) as first:
            first.subscribe("cache-prices")
            backend.wait_for("channel_occupied", "cache_miss")
            _, other = system.start_ws(**settings)
            backend.is_slow, taken = True, len(backend.taken)
            with Page(other) as second:
                second.subscribe("cache-prices")
                with Page(other) as user:
                    user.subscribe("presence-room", "7")
                    user.say("client-typing", {"on": True}, channel="presence-room")
                    assert backend.has_taken.wait(LIMIT), sender.output
                    sender.kill_all()
                backend.is_slow = False
                backend.may_answer.set()
                backend.wait_for("member_removed", "channel_vacated")

        # The other one has its listener still.
        assert {each["name"] for each in of("cache-prices", backend)} == {
            "channel_occupied",
            "cache_miss",
        }
        # What was not answered comes again.
        first_try, second_try = events_in(backend.taken[taken]), events_in(backend.taken[taken + 1])
        assert second_try[: len(first_try)] == first_try
        assert once(of("presence-room", backend)) == [
            {"name": "channel_occupied"},
            {"name": "member_added", "user_id": "7"},
            {
                "name": "client_event",
                "event": "client-typing",
                "data": '{"on":true}',
                "socket_id": user.socket_id,
                "user_id": "7",
            },
            {"name": "member_removed", "user_id": "7"},
            {"name": "channel_vacated"},
        ]
    check_with_the_library(backend)


def events_in(request: Request) -> list[Event]:
    events: list[Event] = json.loads(request[-1])["events"]
    return events


def of(channel: str, backend: Backend) -> list[Event]:
    """What it was told of a channel."""
    found = [each for each in backend.events if each["channel"] == channel]
    return [{name: each[name] for name in each if name != "channel"} for each in found]


def once(events: list[Event]) -> list[Event]:
    """Without what was told again right away, as after a sender that was killed."""
    found: list[Event] = []
    for each in events:
        if each not in found:
            found.append(each)
    return found


def check_with_the_library(backend: Backend) -> None:
    """Pusher's own library for Python takes each request."""
    pusher = pytest.importorskip("pusher")
    library = pusher.Pusher(app_id=ONE[0][0], key=KEY, secret=SECRET)
    for key, signature, body in backend.taken:
        assert library.validate_webhook(key, signature, body.decode()) == json.loads(body)
        assert library.validate_webhook(key, "0" * 64, body.decode()) is None
