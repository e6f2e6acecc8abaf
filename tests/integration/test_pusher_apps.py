"""Two applications of Pusher's, over two WebSocket servers: triggered, counted, and kept apart."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from common.pusher.signing import of_channel, of_user
from config.cli.embedded import EmbeddedValkey
from tests.support.processes import wait_until
from tests.support.pusher_http import TWO, ask, hmac_of
from tests.support.system import System
from tests.support.websocket import TEXT, Client

FIRST, SECOND = TWO
SETTING = ",".join(map(":".join, TWO))
ROOM = "presence-room"


@pytest.fixture(scope="module")
def ports(
    valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int, int]]:
    """Of the HTTP API and of two WebSocket servers."""
    told: dict[str, Any] = {"PUSHER_APPS": SETTING, "MESSAGE_CENTER_KEY": f"test-{uuid4().hex}"}
    with System(tmp_path_factory.mktemp("apps"), valkey.url) as system:
        system.start_http(**told)
        servers = [system.start_ws(DELIVERY="instant", **told)[1] for _ in range(2)]
        yield system.http_port, servers[0], servers[1]


class Page:
    """A page that speaks Pusher's protocol, written from its documents."""

    def __init__(self, port: int, app: tuple[str, str, str]) -> None:
        self._app = app
        self.client = Client(port, f"/app/{app[1]}?protocol=7")
        self.socket_id: str = self.hear("pusher:connection_established")["socket_id"]

    def say(self, event: str, **data: str) -> None:
        self.client.send(TEXT, json.dumps({"event": event, "data": data}).encode())

    def hear(self, event: str) -> Any:
        """What the next event of this name says."""
        while True:
            said = json.loads(self.client.texts(1)[0])
            if said["event"] == event:
                return json.loads(said["data"]) if isinstance(said["data"], str) else said["data"]

    def auth(self, text: str) -> str:
        return f"{self._app[1]}:{hmac_of(self._app[2], text)}"

    def join(self, channel: str, user: str = "") -> None:
        data = json.dumps({"user_id": user}) if user else None
        auth = self.auth(of_channel(self.socket_id, channel, data))
        more = {"channel_data": data} if data else {}
        self.say("pusher:subscribe", channel=channel, auth=auth, **more)
        self.hear("pusher_internal:subscription_succeeded")

    def sign_in(self, user: str) -> None:
        data = json.dumps({"id": user})
        self.say("pusher:signin", auth=self.auth(of_user(self.socket_id, data)), user_data=data)
        self.hear("pusher:signin_success")


@pytest.fixture
def pages(ports: tuple[int, int, int]) -> Iterator[list[Page]]:
    """Two of the first application, at two servers, and one of the second."""
    _, one, other = ports
    pages = [Page(one, FIRST), Page(other, FIRST), Page(other, SECOND)]
    yield pages
    for page in pages:
        page.client.socket.close()


def test_each_application_has_its_own_channels_members_and_users(
    ports: tuple[int, int, int], pages: list[Page]
) -> None:
    http, (one, other, foreign) = ports[0], pages
    for page in pages:
        page.join("orders")
        page.join(ROOM, "7" if page is other else "42")
        page.sign_in("42")

    def members(app: tuple[str, str, str]) -> Any:
        return ask(http, f"/channels/{ROOM}/users", app=app)["users"]

    wait_until(lambda: members(FIRST) == [{"id": "42"}, {"id": "7"}], "both are members")
    wait_until(lambda: members(SECOND) == [{"id": "42"}], "one is a member")
    asked = {"filter_by_prefix": "presence-", "info": "user_count,subscription_count"}
    assert ask(http, "/channels", app=FIRST, **asked)["channels"] == {
        ROOM: {"occupied": True, "user_count": 2, "subscription_count": 2}
    }
    assert set(ask(http, "/channels", app=SECOND)["channels"]) == {"orders", ROOM}
    wait_until(lambda: ask(http, "/connections") == {"connections": 3}, "all are counted")

    event = {"name": "paid", "channels": ["orders", ROOM], "data": '{"n": 1}'}
    info = {"info": "user_count,subscription_count"}
    told = ask(http, "/events", {**event, **info, "socket_id": one.socket_id}, FIRST)
    assert told["channels"]["orders"] == {"subscription_count": 2}
    ask(http, "/events", {**event, "data": "2"}, SECOND)
    assert [other.hear("paid"), other.hear("paid")] == [{"n": 1}, {"n": 1}]  # On both channels.
    assert foreign.hear("paid") == 2
    to_user = {"name": "hello", "channel": "#server-to-user-42", "data": "3"}
    ask(http, "/events", to_user, SECOND)
    assert foreign.hear("hello") == 3

    ask(http, "/users/42/terminate_connections", {}, SECOND)
    assert foreign.client.close_code() == 4009
    wait_until(lambda: members(SECOND) == [], "nobody is there")
    ask(http, "/events", {**event, "data": "4"}, FIRST)
    assert [page.hear("paid") for page in (one, other)] == [4, 4]  # The first was left out of 1.
