"""Clients with the libraries of Pusher, unchanged, at two real WebSocket servers."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import pytest
import redis
from playwright.sync_api import Page
from pusher import Pusher

from common.message import Message
from common.store.keys import Keys
from config.cli.embedded import EmbeddedValkey
from tests.support.examples import find_examples
from tests.support.processes import wait_until
from tests.support.programs import run
from tests.support.pusher_clients import (
    again,
    echo,
    go_pusher,
    java,
    pusher_js,
    pusher_ws_go,
    pysher,
)
from tests.support.pusher_clients.webman_page import WebmanPage
from tests.support.pusher_http import ONE, SETTING
from tests.support.system import System
from tests.support.websocket import LIMIT, TEXT, Client

Ports = tuple[int, int, int]
SUCCESS = "pusher:subscription_succeeded"
MEMBERS = {"1": {"name": "1!"}, "2": {"name": "2!"}}


@pytest.fixture(scope="module")
def ports(valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """Of the HTTP API and two WebSocket servers."""
    settings: dict[str, Any] = {
        "PUSHER_APPS": SETTING,
        "MESSAGE_CENTER_KEY": f"test-{uuid4().hex}",
        "DELIVERY": "instant",
    }
    with System(tmp_path_factory.mktemp("clients"), valkey.url) as system:
        system.start_http(**settings)
        (_, first), (_, second) = system.start_ws(**settings), system.start_ws(**settings)
        yield system.http_port, first, second


def told(command: list[str], ports: Ports, folder: Path) -> Any:
    """What the program says that it has heard."""
    return json.loads(run([*command, *map(str, ports), *ONE[0]], folder))


def said(channel: str, event: str, data: object) -> str:
    return f"{channel} {event} {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}"


def entered(user: str, members: dict[str, Any]) -> str:
    me = {"id": user, "info": members[user]}
    return said("presence-room", SUCCESS, {"count": len(members), "me": me, "members": members})


def test_pusher_js_gets_every_kind_of_channel(ports: Ports, tmp_path: Path) -> None:
    heard = told(pusher_js(tmp_path), ports, tmp_path)

    three = {"n": 1, "text": 'é"\\'}
    second = {"id": "2", "info": MEMBERS["2"]}
    errors = [each for each in heard["page"] if each.startswith(" error ")]
    assert [each for each in heard["page"] if each not in errors] == [
        said("news", SUCCESS, {}),
        said("private-room", SUCCESS, {}),
        said("news", "said", three),
        said("private-room", "said", three),
        said("private-encrypted-vault", SUCCESS, {}),
        said("private-encrypted-vault", "kept", {"nobody": "reads it here"}),
        entered("1", {"1": MEMBERS["1"]}),
        said("presence-room", "pusher:member_added", second),
        said("presence-room", "client-typing", {"on": True}),
        said("presence-room", "pusher:member_removed", second),
        said("cache-last", SUCCESS, {}),
        said("cache-last", "pusher:cache_miss", {}),
        said("cache-last", "price", {"now": 1}),
        said("#user", "hello", "you"),
    ]
    assert all('"code":4009' in each for each in errors)
    assert heard["other"] == [
        said("private-room", SUCCESS, {}),
        said("private-room", "said", three),
        entered("2", MEMBERS),
        said("cache-last", SUCCESS, {}),
        said("cache-last", "price", {"now": 1}),
        said("private-room", "others", 1),
    ]


def test_echo_hears_events_whispers_and_who_is_here(ports: Ports, tmp_path: Path) -> None:
    assert told(echo(tmp_path), ports, tmp_path) == [
        ["shipped", {"id": 7}, {}],
        ["here", [{"id": "1"}]],
        ["friend here", [{"id": "1"}, {"id": "2"}]],
        ["joining", {"id": "2"}],
        ["whispered", {"name": "x"}, {"user_id": "2"}],
        ["leaving", {"id": "2"}],
    ]


def test_pysher_hears_what_is_triggered_and_who_comes(ports: Ports, tmp_path: Path) -> None:
    second = {"user_id": "2", "user_info": {"name": "2"}}

    assert told(pysher(tmp_path), ports, tmp_path) == [
        ["news", "paid", {"n": 1}],
        ["private-a", "client-x", {"from": 2}],
        ["presence-a", "pusher_internal:member_added", second],
        [{"id": "1"}, {"id": "2"}],
    ]


def test_the_client_for_java_gets_every_kind_of_channel(ports: Ports, tmp_path: Path) -> None:
    assert told(java(tmp_path), ports, tmp_path) == [
        ["news", "subscribed"],
        ["news", "paid", {"n": 1}, ""],
        ["private-encrypted-a", "subscribed"],
        ["private-encrypted-a", "kept", {"nobody": "reads it here"}, ""],
        ["private-a", "subscribed"],
        ["private-a", "client-x", {"from": 2}, ""],
        ["presence-b", "members", ["1"]],
        ["presence-b", "members", ["1", "2"]],
        ["presence-b", "added", "2", {"name": "2!"}],
        ["presence-b", "client-y", {"from": 2}, "2"],
        ["presence-b", "removed", "2"],
    ]


def test_a_client_for_go_hears_what_is_triggered(ports: Ports, tmp_path: Path) -> None:
    success = "pusher_internal:subscription_succeeded"

    assert told(go_pusher(tmp_path), ports, tmp_path) == [success, "{}", "paid", '{"n":1}']


def test_another_client_for_go_gets_every_kind_of_channel(ports: Ports, tmp_path: Path) -> None:
    assert told(pusher_ws_go(tmp_path), ports, tmp_path) == [
        ["news", "paid", {"n": 1}],
        ["private-a", "client-x", {"from": 2}],
        ["presence-c", "me", "1", 1],
        ["presence-c", "added", {"ID": "2", "Info": {"name": "2"}}, 2],
        ["presence-c", "removed", "2"],
    ]


def test_push_js_of_webman_hears_and_speaks_in_a_browser(ports: Ports, page: Page) -> None:
    app_id, key, secret = ONE[0]
    backend = Pusher(app_id, key, secret, host="127.0.0.1", port=ports[0], ssl=False)
    tabs = WebmanPage(page, backend, f"http://127.0.0.1:{ports[0]}")
    channels = ["news", "private-d", "presence-d"]
    tabs.connect(ports[1:], key, channels)
    assert {(at, name, event) for at, name, event, _ in tabs.take(6)} == {
        (at, name, SUCCESS) for at in (1, 2) for name in channels
    }

    backend.trigger(channels, "said", {"n": 1})
    assert tabs.take(6) == sorted(
        ([at, name, "said", {"n": 1}] for at in (1, 2) for name in channels), key=str
    )
    backend.trigger("private-d", "said", {"n": 2}, tabs.socket_id(1))
    assert tabs.take(1) == [[2, "private-d", "said", {"n": 2}]]
    for name in channels[1:]:
        tabs.say(2, name, {"from": 2})
        assert tabs.take(1) == [[1, name, "client-x", {"from": 2}]]


class Tab:
    """A client with a name, without any library."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._hear("pusher:connection_established")
        self._say("pusher:subscribe", {"channel": "news"})
        self._hear("pusher_internal:subscription_succeeded")

    def hear_upto(self, last: str) -> list[str]:
        """Messages up to this one; pings are answered."""
        found = [""]
        while found[-1] != last:
            event = json.loads(self._client.texts(1)[0])
            if event["event"] == "pusher:ping":
                self._say("pusher:pong", {})
            else:
                found.append(event["data"])
        return found[1:]

    def _say(self, event: str, data: object) -> None:
        self._client.send(TEXT, json.dumps({"event": event, "data": data}).encode())

    def _hear(self, event: str) -> None:
        assert json.loads(self._client.texts(1)[0])["event"] == event


PATH = f"/r/tab-1/app/{ONE[0][1]}?protocol=7&client=test"


def test_a_client_with_a_name_misses_nothing_when_its_server_is_killed(
    valkey: EmbeddedValkey, client: redis.Redis, key: str, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {
        "PUSHER_APPS": SETTING,
        "DELIVERY": "instant",
        "MESSAGE_CENTER_KEY": key,
    }
    with System(tmp_path, valkey.url) as system:
        process, port = system.start_ws(**settings)
        _, other = system.start_ws(**settings)
        with Client(port, PATH) as first:
            tab = Tab(first)
            push(client, key, 0, 3)
            assert tab.hear_upto("2") == ["0", "1", "2"]
            process.kill_all()
        push(client, key, 3, 6)

        with Client(other, PATH) as second:
            tab = Tab(second)
            push(client, key, 6, 7)
            heard = list(map(int, tab.hear_upto("6")))

    # What it had not confirmed comes once more.
    assert heard == [*range(heard[0], 7)]
    assert heard[0] <= 3


def test_a_page_can_pass_over_what_it_has_had(
    valkey: EmbeddedValkey, client: redis.Redis, key: str, tmp_path: Path
) -> None:
    """By what is in the documents: it gets the same as another page, and passes on less."""
    page, places = again(tmp_path), Keys(key).places
    snippet = tmp_path / "snippet.js"
    snippet.write_text(
        next(each.code for each in find_examples() if "createWebSocket" in each.code)
    )
    settings: dict[str, Any] = {
        "PUSHER_APPS": SETTING,
        "DELIVERY": "instant",
        "MESSAGE_CENTER_KEY": key,
    }
    with System(tmp_path, valkey.url) as system, ExitStack() as programs:
        process, port = system.start_ws(**settings)
        command = [*page, str(port), ONE[0][1]]
        others = (["plain"], ["careful", str(snippet)])
        plain, careful = (programs.enter_context(Program([*command, *each])) for each in others)
        assert [each.lines(1) for each in (plain, careful)] == [["entered"]] * 2
        wait_until(lambda: client.hlen(places) == 2, "both are known")
        known: Any = client.hgetall(places)
        push(client, key, 0, 3)
        assert [each.lines(3) for each in (plain, careful)] == [["0", "1", "2"]] * 2

        process.kill_all()
        client.hset(places, mapping=known)  # As if none of it had been noted in time.
        system.start_ws(port, **settings)
        assert [each.lines(1) for each in (plain, careful)] == [["entered"]] * 2
        push(client, key, 3, 4)

        assert (plain.lines(4), careful.lines(1)) == (["0", "1", "2", "3"], ["3"])


class Program:
    """A program that is told to end by the end of its input."""

    def __init__(self, command: list[str]) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=LIMIT)

    def lines(self, count: int) -> list[str]:
        """The next lines that it prints."""
        output = self._process.stdout
        assert output is not None
        return [output.readline().strip() for _ in range(count)]


def push(client: redis.Redis, key: str, start: int, end: int) -> None:
    items = [Message(str(number), ("news",)).to_item() for number in range(start, end)]
    client.lpush(key, *items)
