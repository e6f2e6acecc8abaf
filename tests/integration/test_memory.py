"""Bare clients with `?client=` get what they missed, in order, whatever was killed: end to end."""

import json
import random
from itertools import pairwise
from typing import Any

import jwt
import pytest

from common.message import Message
from tests.support.processes import Process, wait_until
from tests.support.system import KEY, PREFIX, System
from tests.support.websocket import CLOSE, PING, PONG, TEXT, Client

FAST: dict[str, Any] = {"POLL_INTERVAL": 0.05}
TOGETHER = "places"


def numbered(start: int, end: int) -> list[str]:
    return [PREFIX + str(number) for number in range(start, end)]


def push(system: System, start: int, end: int) -> None:
    system.redis.lpush(KEY, *range(start, end))


class Bare(Client):
    """`new WebSocket(…)` in a browser: it answers pings, and knows nothing of ids."""

    def __init__(self, port: int, query: str = "client=abc") -> None:
        super().__init__(port, f"/?{query}")
        self.port = port
        self.got: list[str] = []
        self.pinged = b""

    def read(self, limit: float = 15.0) -> int:
        """Read one frame, and answer it if that is to be done; its opcode."""
        opcode, payload = self.receive(limit)
        if opcode == PING:
            self.send(PONG, payload)
            self.pinged = payload
        elif opcode == TEXT:
            self.got.append(payload.decode())
        return opcode

    def read_upto(self, last: str) -> None:
        while not self.got or self.got[-1] != last:
            assert self.read() != CLOSE

    def confirm_all(self) -> None:
        """Answer the ping behind what it has just read."""
        while self.read() != PING:
            pass

    def end(self) -> None:
        self.socket.close()


def place_of(system: System, name: str = "abc") -> list[str]:
    """Confirmed, sent, when: as Redis has it."""
    found: Any = system.redis.hget(f"{{{KEY}}}:{TOGETHER}", name)
    return found.decode().split(" ") if found else []


def wait_for_end(system: System, name: str = "abc") -> None:
    wait_until(lambda: bool(place_of(system, name)[1:2] > [""]), "its end is written")


def visit(system: System, port: int, query: str = "client=abc", name: str = "abc") -> None:
    """Come, be known, and leave."""
    with Bare(port, query):
        wait_until(lambda: place_of(system, name) != [], "it is known")
    wait_for_end(system, name)


def test_a_bare_client_gets_what_it_missed_in_order_and_once(system: System) -> None:
    _, first_port = system.start_ws(**FAST)
    _, second_port = system.start_ws(**FAST)
    client = Bare(first_port)
    push(system, 0, 10)
    client.read_upto(PREFIX + "9")
    client.confirm_all()
    wait_until(lambda: place_of(system)[:1] == [client.pinged.decode()], "written")
    client.end()
    wait_for_end(system)

    push(system, 10, 1010)
    again = Bare(second_port)
    again.read_upto(PREFIX + "1009")

    assert client.got == numbered(0, 10)
    assert again.got == numbered(10, 1010)
    push(system, 1010, 1011)
    again.read_upto(PREFIX + "1010")
    again.end()


def test_what_was_not_confirmed_is_sent_again_and_json_is_told_up_to_when(system: System) -> None:
    _, port = system.start_ws(**FAST)
    with Client(port, "/?client=abc&format=json") as silent:  # It answers no ping.
        assert json.loads(silent.texts(1)[0])["again"] == 0
        push(system, 0, 3)
        times = [json.loads(text)["time"] for text in silent.texts(3)]
    wait_for_end(system)
    push(system, 3, 4)

    with Bare(port, "client=abc&format=json") as again:
        while len(again.got) < 5:
            again.read()

    welcome, *rows = map(json.loads, again.got)
    assert [row["content"] for row in rows] == ["0", "1", "2", "3"]
    assert welcome["again"] == times[-1]


def test_a_user_has_its_own_place_and_nobody_reads_that_of_another(system: System) -> None:
    secret = "0123456789-0123456789-0123456789"
    _, port = system.start_ws(SUBSCRIBE_SECRET=secret, **FAST)
    tokens = {user: token_of(secret, user) for user in ("42", "7")}
    for user, token in tokens.items():
        visit(system, port, f"client=abc&token={token}", f"abc/{user}")
    push(system, 0, 3)
    with Bare(port, f"client=abc&token={tokens['42']}") as client:
        client.read_upto(PREFIX + "2")
        client.confirm_all()
        wait_until(
            lambda: place_of(system, "abc/42")[:1] == [client.pinged.decode()], "it is written"
        )

    with Bare(port, f"client=abc&token={tokens['7']}") as other:
        other.read_upto(PREFIX + "2")
    assert other.got == numbered(0, 3)


def token_of(secret: str, user: str) -> str:
    return jwt.encode({"sub": user}, secret, "HS256")


def test_who_was_away_for_too_long_is_told_once_and_then_begins_anew(system: System) -> None:
    _, port = system.start_ws(**FAST, HISTORY_SIZE=5000)
    visit(system, port)
    with Client(port) as other:
        for start in range(0, 12_000, 3000):
            push(system, start, start + 3000)
            other.texts_upto(PREFIX + str(start + 2999))

    with Client(port, "/?client=abc") as late:
        assert late.close_code() == 4008
    wait_for_end(system)
    with Bare(port) as again:
        push(system, 12_000, 12_001)
        again.read_upto(PREFIX + "12000")
        assert again.got == numbered(12_000, 12_001)


def test_a_stop_loses_no_confirmation(system: System) -> None:
    ws, port = system.start_ws(**FAST)
    clients = [Bare(port, f"client=c{number}") for number in range(20)]
    push(system, 0, 5)
    for client in clients:
        client.read_upto(PREFIX + "4")
        client.confirm_all()
    push(system, 5, 6)  # In the same second: no ping is due yet.
    for client in clients:
        client.read_upto(PREFIX + "5")
    ws.popen.terminate()
    for client in clients:
        while client.read() != CLOSE:
            pass  # A ping of the keepalive.
        client.send(CLOSE, (1001).to_bytes(2))
        client.end()
    ws.popen.wait(20)

    places = [place_of(system, f"c{number}") for number in range(20)]
    assert {place[0] for place in places} == {place[1] for place in places}
    assert len({place[0] for place in places}) == 1


def test_what_is_pushed_to_a_user_who_is_away_waits(system: System) -> None:
    secret = "0123456789-0123456789-0123456789"
    settings = {"SUBSCRIBE_SECRET": secret, "INBOX_SECONDS": 60, **FAST}
    ws, port = system.start_ws(**settings)
    _, other_port = system.start_ws(**settings)
    query = f"token={token_of(secret, '42')}"
    with Bare(port, query):
        wait_until(
            lambda: system.redis.hexists(f"{{{KEY}}}:inboxes", "42") is True, "the user is known"
        )
    items = ("user:42", "1"), ("user:7", "2"), ("user:42", "3")
    with Bare(other_port, f"token={token_of(secret, '7')}") as other:
        system.redis.lpush(KEY, *(Message(text, (name,)).to_item() for name, text in items), "all")
        ws.kill_all()
        other.read_upto(PREFIX + "all")  # So the process that is left has read it.

    with Bare(other_port, query) as first:
        while len(first.got) < 2:
            first.read()
        assert first.got == [PREFIX + "1", PREFIX + "3"]
        first.confirm_all()
        system.redis.lpush(KEY, "live")
        first.read_upto(PREFIX + "live")
        assert len(first.got) == 3


@pytest.fixture
def pair(system: System) -> list[tuple[Process, int]]:
    """Two servers, of which one is killed now and then."""
    return [system.start_ws(**FAST), system.start_ws(**FAST)]


def run_kills(
    system: System, servers: list[tuple[Process, int]], kills: int, clients: int
) -> list[list[str]]:
    """What each client got while servers were killed, and Redis once in ten times."""
    chance, pushed = random.Random(1), 0
    everybody = [Bare(servers[0][1], f"client=c{number}") for number in range(clients)]
    got: list[list[str]] = [[] for _ in everybody]
    for kill in range(kills):
        before = pushed
        pushed += chance.randrange(1, 200)
        push(system, before, pushed)
        for client in everybody:
            client.read_upto(PREFIX + str(chance.randrange(before, pushed)))
        at = kill % 2
        servers[at][0].kill_all()
        if kill % 10 == 5:
            system.stop_redis()
            system.start_redis()
        servers[at] = system.start_ws(servers[at][1], **FAST)
        for number, client in enumerate(everybody):
            if client.port == servers[at][1] or chance.random() < 0.3:
                got[number] += client.got
                client.end()
                everybody[number] = Bare(chance.choice(servers)[1], f"client=c{number}")
    push(system, pushed, pushed + 1)
    for number, client in enumerate(everybody):
        client.read_upto(PREFIX + str(pushed))
        got[number] += client.got
        client.end()
    return got


@pytest.mark.parametrize(
    ("kills", "clients"), [(5, 20), pytest.param(100, 100, marks=pytest.mark.long)]
)
def test_whatever_is_killed_a_bare_client_misses_nothing(
    kills: int, clients: int, system: System, pair: list[tuple[Process, int]]
) -> None:
    for got in run_kills(system, pair, kills, clients):
        numbers = [int(text.removeprefix(PREFIX)) for text in got]
        assert set(numbers) == set(range(max(numbers) + 1))
        # It goes back to what it had confirmed, and never on to what it has not been sent.
        assert all(after <= before + 1 for before, after in pairwise(numbers))
