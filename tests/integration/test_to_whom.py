"""To whom, over several workers and machines: targeted pushes, presence and kicks, end to end."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.events import EventStream
from tests.support.keys import SECRET, in_seconds, signed
from tests.support.processes import wait_until
from tests.support.system import System
from tests.support.websocket import TEXT, Client
from ws_server.door.tokens import LEEWAY

FAST: dict[str, Any] = {"POLL_INTERVAL": 0.05, "SUBSCRIBE_SECRET": SECRET}
GONE_WITHIN = 10  # Seconds after its worker was killed.


def token(user: str | None = None, *channels: str, seconds: float = 60) -> str:
    sub = {} if user is None else {"sub": user}
    return signed({**sub, "channels": list(channels), "exp": in_seconds(seconds)})


def connect(port: int, *grant: str, form: str = "json") -> Client:
    """A client of a user (first) that listens to channels (the rest)."""
    client = Client(port, f"/?format={form}&token={token(*grant)}")
    assert client.status == 101
    if form == "json":
        assert json.loads(client.texts(1)[0])["complete"]
    return client


def contents(client: Client, last: str) -> list[str]:
    """What a json client gets, up to a content."""
    found: list[str] = []
    while not found or found[-1] != last:
        row = json.loads(client.texts(1)[0])
        if "type" not in row:
            found.append(row["content"])
    return found


def presence(system: System, path: str) -> dict[str, Any]:
    status, answer = system.call(path)
    assert status == 200
    return {name: answer[name] for name in answer if name not in ("code", "msg")}


Several = tuple[System, list[int]]


@pytest.fixture(scope="module", params=["two workers", "two machines"])
def started(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Several]:
    """Ports of two processes: workers of one server, or servers with a Redis connection each."""
    with System(tmp_path_factory.mktemp("several")) as system:
        system.start_http()
        if request.param == "two workers":
            _, port = system.start_ws(WS_WORKERS=2, **FAST)
            yield system, [port] * 8
        else:
            yield system, [system.start_ws(**FAST)[1], system.start_ws(**FAST)[1]] * 4


@pytest.fixture
def several(started: Several) -> Iterator[Several]:
    """The same, once the clients of the test before are gone."""
    yield started
    for user in ("42", "421", "7", "8"):
        wait_until(lambda user=user: not presence(started[0], f"/users/{user}")["connected"], user)  # type: ignore[misc]


def push(system: System, content: str, **where: str) -> None:
    query = "&".join(f"{name}={value}" for name, value in where.items())
    status, answer = system.call(f"/push?content={content}&{query}")
    assert (status, answer["code"]) == (200, 0)


def test_a_push_reaches_those_whom_it_is_for_on_every_process(several: Several) -> None:
    system, ports = several
    of_42 = [connect(port, "42") for port in ports]
    of_7 = [connect(port, "7", "orders") for port in ports]
    with_news = [connect(port, "8", "news.*") for port in ports]

    push(system, "a", user="42")
    push(system, "b", channel="orders")
    push(system, "c", channels="news.eu,orders")
    push(system, "d", users="42,8")
    push(system, "end")

    for clients, wanted in [(of_42, "ad"), (of_7, "bc"), (with_news, "cd")]:
        for client in clients:
            assert contents(client, "end") == [*wanted, "end"]
            client.socket.close()


def test_all_get_it_but_the_connection_that_asked_for_it(several: Several) -> None:
    system, ports = several
    clients = []
    for port in ports:
        client = Client(port, f"/?format=json&token={token('42', 'orders', 'a,b')}")
        welcome = json.loads(client.texts(1)[0])
        assert welcome["channels"] == ["a,b", "orders", "user:42"]
        clients.append((client, welcome["connection"]))
    asker, *others = clients
    assert len({id_ for _, id_ in clients}) == len(ports)

    push(system, "a", channel="orders", event="order.paid", **{"except": asker[1]})
    push(system, "b", channels=quote('["a,b"]'), **{"except": asker[1]})
    item = b'\x1e{"content": "c", "event": "made", "except": "%b"}' % asker[1].encode()
    system.redis.lpush("message_center", item)
    push(system, "end")

    assert contents(asker[0], "end") == ["end"]
    for client, _ in others:
        first = json.loads(client.texts(1)[0])
        assert (first["content"], first["event"]) == ("a", "order.paid")
        assert contents(client, "end") == ["b", "c", "end"]
    shown = system.call("/messages?last=4")[1]["messages"]
    assert [each.get("except") for each in shown] == [*[asker[1]] * 3, None]
    for client, _ in clients:
        client.socket.close()


def test_presence_counts_over_all_processes(several: Several) -> None:
    system, ports = several
    clients = [connect(port, "42", "orders") for port in ports]
    clients += [connect(port, "7", "orders", form="text") for port in ports[:3]]
    of_all = {"42": len(ports), "7": 3}

    wait_until(
        lambda: presence(system, "/channels/orders").get("users") == of_all, "all of them counted"
    )
    assert presence(system, "/channels/orders")["connections"] == len(ports) + 3
    found = presence(system, "/users/42")
    assert found == {"user": "42", "connected": True, "connections": len(ports)}

    for client in clients[1:]:
        client.socket.close()
    wait_until(
        lambda: presence(system, "/channels/orders")["users"] == {"42": 1}, "one of them left"
    )
    assert presence(system, "/users/7") == {"user": "7", "connected": False, "connections": 0}
    clients[0].socket.close()


def test_a_kick_ends_every_connection_of_the_user_and_no_other(several: Several) -> None:
    system, ports = several
    kicked = [connect(port, "42") for port in ports] + [connect(ports[0], "42", form="text")]
    stream = EventStream(ports[0], f"?token={token('42')}")
    stays = [connect(port, "421") for port in ports]
    wait_until(lambda: presence(system, "/users/42")["connections"] == len(kicked) + 1, "counted")
    push(system, "before", user="42")

    status, answer = system.call("/users/42/connections", method="DELETE")

    assert (status, answer["connections"]) == (200, len(kicked) + 1)
    push(system, "after")
    for client in kicked:
        with client:
            assert "before" in client.texts(1)[0]
            assert client.close_code() == 4003
    with stream:
        assert stream.messages(1) == ["Python语言消息中心: before"]
        with pytest.raises(EOFError):
            stream.event()
    for client in stays:
        with client:
            assert contents(client, "after") == ["after"]
    wait_until(lambda: not presence(system, "/users/42")["connected"], "gone")


def test_whoever_was_on_a_killed_server_is_gone_from_presence_in_time(system: System) -> None:
    system.start_http()
    dying, port = system.start_ws(**FAST)
    _, other_port = system.start_ws(**FAST)
    clients = [connect(port, "42", "orders"), connect(other_port, "42", "orders")]
    wait_until(lambda: presence(system, "/users/42")["connections"] == 2, "both")

    dying.kill_all()
    began = time.monotonic()
    wait_until(lambda: presence(system, "/users/42")["connections"] == 1, "one", GONE_WITHIN)

    assert time.monotonic() - began < GONE_WITHIN
    assert presence(system, "/channels/orders")["users"] == {"42": 1}
    for client in clients:
        client.socket.close()


def test_a_subscription_in_band_resumes_with_nothing_lost_or_doubled(system: System) -> None:
    system.start_http()
    _, port = system.start_ws(**FAST)
    with connect(port, "42", "a", "b") as client:
        client.send(TEXT, b'{"unsubscribe": ["b"]}')
        answer = json.loads(client.texts(1)[0])
        assert (answer["type"], answer["channels"]) == ("subscribed", ["a", "user:42"])
        for content, channel in [("1", "a"), ("2", "b"), ("3", "a")]:
            push(system, content, channel=channel)
        rows = [json.loads(text) for text in client.texts(2)]
        assert [(row["content"], row["channel"]) for row in rows] == [("1", "a"), ("3", "a")]

    push(system, "4", channel="b")
    push(system, "5", channel="a")
    query = f"/?format=json&channels=a&token={token('42', 'a', 'b')}&last_id={rows[0]['id']}"
    with Client(port, query) as client:
        assert json.loads(client.texts(1)[0])["complete"]
        assert contents(client, "5") == ["3", "5"]


def test_at_its_end_a_token_closes_the_connection_unless_a_newer_one_was_sent(
    system: System,
) -> None:
    _, port = system.start_ws(**FAST)
    short = token("42", seconds=2 - LEEWAY)
    with (
        Client(port, f"/?format=json&token={short}") as expiring,
        Client(port, f"/?format=json&token={short}") as refreshing,
        EventStream(port, f"?token={short}") as stream,
    ):
        refreshing.texts(1)
        refreshing.send(TEXT, json.dumps({"token": token("42")}).encode())
        assert json.loads(refreshing.texts(1)[0])["type"] == "refreshed"

        assert expiring.close_code() == 4001
        assert stream.event().name == "welcome"
        with pytest.raises(EOFError):
            stream.event()
        system.redis.lpush("message_center", "still there")
        assert contents(refreshing, "still there") == ["still there"]
