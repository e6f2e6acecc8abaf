"""Pages with socket.io-client, unchanged, at real WebSocket servers; and one without a library."""

import json
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
import redis

from common.json_content import JsonText
from common.message import Message
from config.cli.embedded import EmbeddedValkey
from tests.support.npm import program as with_libraries
from tests.support.processes import free_port
from tests.support.socketio_clients import HERE, page, push, settings
from tests.support.system import System
from tests.support.websocket import TEXT, Client

SECRET = "a secret that has 32 bytes or more"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_libraries(tmp_path_factory.mktemp("page"), HERE / "page.cjs")


@pytest.fixture
def system(valkey: EmbeddedValkey, tmp_path: Path) -> Iterator[System]:
    with System(tmp_path, valkey.url) as system:
        yield system


def token(**claims: object) -> str:
    return jwt.encode(claims, SECRET, "HS256")


def test_a_page_hears_events_changes_its_channels_and_is_left_out(
    program: Path, system: System, client: redis.Redis, key: str
) -> None:
    _, port = system.start_ws(**settings(key))

    with page(program, port, channels=["news"]) as tab:
        _, recovered, sid = tab.hear()
        assert recovered is False
        value = JsonText('{"n":1}')
        push(client, key, Message(value, ("news",), "price"), Message("text", ("news", "news.eu")))
        assert tab.hear()[:3] == ["event", "price", {"n": 1}]
        assert tab.hear()[:3] == ["event", "message", "text"]
        assert tab.ask("subscribe", ["orders"])["channels"] == ["news", "orders"]
        assert tab.ask("unsubscribe", ["news"])["channels"] == ["orders"]
        assert tab.ask("subscribe", ["no name"])["error"] == "bad_channel"
        assert tab.ask("chat", "x")["error"] == "bad_command"
        push(client, key, Message("not for it", ("orders",), "paid", sid))
        push(client, key, Message("missed", ("news",)), Message("7", ("orders",), "paid"))
        assert tab.hear()[:3] == ["event", "paid", "7"]


def test_a_page_without_the_right_token_is_told_and_one_with_it_is_let_in(
    program: Path, system: System, client: redis.Redis, key: str
) -> None:
    _, port = system.start_ws(**settings(key, SUBSCRIBE_SECRET=SECRET))

    for shown, error in (
        ({}, "unauthorized"),
        ({"token": "none"}, "bad_token"),
        ({"token": token(sub="7"), "channels": ["orders"]}, "channel_forbidden"),
    ):
        with page(program, port, **shown) as tab:
            kind, message, data = tab.hear()
            assert (kind, data) == ("connect_error", {"error": error})
            assert message
    with page(program, port, token=token(sub="7", channels=["a"])) as tab:
        assert tab.hear()[0] == "connect"
        push(client, key, Message("you", ("user:7",)), Message("all"), Message("a", ("a",)))
        assert [tab.hear()[2] for _ in range(3)] == ["you", "all", "a"]


def test_a_page_misses_nothing_when_its_server_is_killed_and_says_that_it_was_recovered(
    program: Path, system: System, client: redis.Redis, key: str
) -> None:
    port, heard = free_port(), list[int]()
    process, _ = system.start_ws(port, **settings(key))
    with page(program, port, channels=["news"]) as tab:
        assert tab.hear()[:2] == ["connect", False]
        for kill in range(3):  # The first before anything has come.
            process.kill_all()
            assert tab.hear() == ["disconnect", "transport close"]
            push(client, key, *(Message(str(10 * kill + n), ("news",)) for n in range(10)))
            process, _ = system.start_ws(port, **settings(key))
            told = tab.hear()
            while told[0] == "connect_error":
                told = tab.hear()
            assert told[:2] == ["connect", True]
            heard += [int(tab.hear()[2]) for _ in range(10)]

    assert heard == list(range(30))


def test_a_page_that_the_log_does_not_reach_back_to_is_not_recovered_and_told_of_the_gap(
    program: Path, system: System, client: redis.Redis, key: str
) -> None:
    port = free_port()
    process, _ = system.start_ws(port, **settings(key))
    with page(program, port, channels=["news"]) as tab:
        assert tab.hear()[:2] == ["connect", False]
        process.kill_all()
        assert tab.hear()[0] == "disconnect"
        client.delete(*client.scan_iter(f"*{key}*"))
        system.start_ws(port, **settings(key))
        told = tab.hear()
        while told[0] == "connect_error":
            told = tab.hear()
        assert told[:2] == ["connect", False]
        assert tab.hear()[:2] == ["event", "message-center:gap"]


class Tab:
    """What the library does when it comes back, without it."""

    def __init__(self, client: Client, shown: dict[str, str]) -> None:
        self._client = client
        assert self._hear().startswith("0{")
        self._client.send(TEXT, b"40" + json.dumps({**shown, "channels": ["news"]}).encode())
        self.pid: str = json.loads(self._hear()[2:])["pid"]
        self.offset = ""

    def hear(self, count: int) -> list[int]:
        """So many messages."""
        found = list[int]()
        while len(found) < count:
            name, content, self.offset = json.loads(self._hear()[2:])
            found += [int(content)] if name == "message" else []
        return found

    def _hear(self) -> str:
        text = "2"
        while text == "2":
            text = self._client.texts(1)[0]
        return text


def test_who_comes_back_to_another_server_after_a_kill_goes_on_where_it_was(
    system: System, client: redis.Redis, key: str
) -> None:
    def numbers(start: int, end: int) -> list[Message]:
        return [Message(str(number), ("news",)) for number in range(start, end)]

    path = "/ws/socket.io/?EIO=4&transport=websocket"
    (process, port), (_, other) = (system.start_ws(**settings(key)) for _ in range(2))
    with Client(port, path) as first:
        tab = Tab(first, {})
        push(client, key, *numbers(0, 3))
        heard = tab.hear(3)
        process.kill_all()
    push(client, key, *numbers(3, 6))
    with Client(other, path) as second:
        again = Tab(second, {"pid": tab.pid, "offset": tab.offset})
        push(client, key, *numbers(6, 7))

        assert heard + again.hear(4) == list(range(7))
        assert again.pid == tab.pid
