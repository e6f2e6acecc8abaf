"""Rounds of pings, and the end of whoever is silent, stuck or slow to close."""

import os
from collections.abc import Callable
from time import monotonic, time

import gevent
import pytest

from common.errors import QueueUnavailable
from tests.support.parts import SMALL, Parts, numbered, wait_until
from tests.support.websocket import PING
from ws_server.clients import catch_up, sender
from ws_server.clients.endpoint import HOOK
from ws_server.clients.fan_out import LENT_TIMES
from ws_server.clients.keepalive import UNANSWERED_PINGS, Keepalive
from ws_server.clients.lending import LENT_BYTES
from ws_server.door.grant import Grant
from ws_server.door.listen import Listen
from ws_server.wire.close_codes import EXPIRED, CloseCode

INTERVAL = 0.03
LONG = 60.0

Start = Callable[[float, float], None]


@pytest.fixture
def start(parts: Parts) -> Start:
    def start(interval: float, slow_seconds: float) -> None:
        gevent.spawn(Keepalive(parts.hub, interval, slow_seconds).run)

    return start


def test_a_silent_client_is_dropped_after_so_many_pings(parts: Parts, start: Start) -> None:
    silent, client = parts.connect()

    start(INTERVAL, LONG)

    assert client.rest() == [(PING, b"")] * UNANSWERED_PINGS
    assert parts.gone == [silent]


def test_a_client_that_answers_is_pinged_once_an_interval(parts: Parts, start: Start) -> None:
    alive, client = parts.connect()
    began = monotonic()
    start(INTERVAL, LONG)

    for _ in range(4):
        assert client.frame() == (PING, b"")
        alive.unanswered = 0  # As the receiver does.

    assert monotonic() - began > 2 * INTERVAL
    assert alive.is_open


def test_everybody_is_visited_in_every_round(parts: Parts, start: Start) -> None:
    clients = [parts.connect()[1] for _ in range(120)]

    start(INTERVAL, LONG)

    assert all(client.rest() == [(PING, b"")] * UNANSWERED_PINGS for client in clients)


def test_a_client_that_is_behind_is_not_silent_while_it_reads(parts: Parts, start: Start) -> None:
    slow, _ = parts.connect_behind(numbered(500, size=100))
    slow.unanswered = UNANSWERED_PINGS

    start(INTERVAL / 5, LONG)
    wait_until(lambda: slow.unanswered == 0, "visited")

    assert slow.is_open


def test_a_client_that_takes_nothing_for_long_is_dropped(parts: Parts, start: Start) -> None:
    stuck, _ = parts.connect_behind(numbered(500, size=100))
    live, _ = parts.connect()

    start(LONG / 1000, 0.01)

    wait_until(lambda: parts.gone == [stuck], "dropped")
    assert live.is_open


def test_a_client_that_does_not_answer_our_close_is_cut_off(
    parts: Parts, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "CLOSE_TIMEOUT", 0.01)
    closing, _ = parts.connect()
    parts.hub.sender.close(closing, CloseCode(4001))

    start(INTERVAL, LONG)

    wait_until(lambda: parts.gone == [closing], "cut off")
    assert parts.hub.clients.closing == {}


def test_a_client_whose_hook_is_at_work_is_not_silent(parts: Parts, start: Start) -> None:
    """Nothing is read from it meanwhile, so its pongs cannot be seen."""
    busy, _ = parts.connect()
    busy.pause_reading(HOOK)
    silent, client = parts.connect()

    start(INTERVAL / 5, LONG)
    wait_until(lambda: silent in parts.gone, "several rounds")
    wait_until(lambda: busy.unanswered == 0 or not busy.is_open, "visited")

    assert busy.is_open
    assert client.rest()


def test_a_client_whose_hook_is_at_work_is_pinged_all_the_same(parts: Parts, start: Start) -> None:
    """Else a proxy takes it for idle, and nobody finds out when it is gone."""
    busy, client = parts.connect()
    busy.pause_reading(HOOK)

    start(INTERVAL / 5, LONG)

    assert client.frames(4) == [(PING, b"")] * 4


def test_a_client_is_not_to_blame_while_redis_is_away(
    small_window: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take what it is owed, had we got it."""
    monkeypatch.setattr(catch_up, "REDIS_PAUSE", 0.01)
    parts = small_window
    contents = numbered(600, size=100)
    waiting, client = parts.connect(SMALL)
    parts.publish(*contents[:500])
    parts.publish(*contents[500:])
    parts.log.fault = QueueUnavailable("gone")
    parts.start_catch_up()
    wait_until(lambda: client.texts(1) != [] and parts.log.history_reads != [], "parked")

    stuck, _ = parts.connect(SMALL)  # This one is: it does not take what we have.
    parts.hub.sender.post(stuck, b"x" * 100_000)

    gevent.spawn(Keepalive(parts.hub, INTERVAL / 5, 0.05).run)
    wait_until(lambda: parts.gone == [stuck], "dropped")

    assert waiting.is_open


def test_after_a_stall_the_missed_rounds_are_not_made_up_for(parts: Parts, start: Start) -> None:
    """Else everybody is pinged several times at once, and dropped for not answering in no time."""
    _, client = parts.connect()
    start(0.05, LONG)
    assert client.frame() == (PING, b"")

    end = monotonic() + 0.25
    while monotonic() < end:  # The loop hangs for five rounds.
        pass
    began = monotonic()
    client.rest()

    assert monotonic() - began > 0.025


# Grants that end


@pytest.fixture
def keepalive(parts: Parts) -> Keepalive:
    """Runs, and looks at the clock every few milliseconds."""
    keepalive = Keepalive(parts.hub, INTERVAL * 10, LONG)
    gevent.spawn(keepalive.run)
    return keepalive


def test_a_client_is_closed_when_its_grant_ends(parts: Parts, keepalive: Keepalive) -> None:
    connection, client = parts.connect(listen=Listen(grant=Grant("1", expires=time() + 0.05)))
    other, _ = parts.connect()

    keepalive.watch_expiry(connection)

    assert client.close_code() == EXPIRED.code
    assert time() >= connection.grant.expires  # type: ignore[operator]
    assert other.is_open


def test_a_client_with_a_newer_grant_stays(parts: Parts, keepalive: Keepalive) -> None:
    connection, _ = parts.connect()
    first, client = parts.connect()
    connection.grant, first.grant = Grant("1", expires=time() + 0.05), Grant(expires=time() + 0.1)
    keepalive.watch_expiry(connection)
    keepalive.watch_expiry(first)

    connection.grant = Grant("1", expires=time() + LONG)
    keepalive.watch_expiry(connection)

    assert client.close_code() == EXPIRED.code
    assert connection.is_open


@pytest.mark.parametrize("newer", [Grant("1"), Grant("1", expires=time() + 2 * LONG)])
def test_a_grant_that_ends_later_or_never_is_watched_anew(
    parts: Parts, keepalive: Keepalive, newer: Grant
) -> None:
    connection, client = parts.connect()
    connection.grant = Grant("1", expires=time() + LONG)
    keepalive.watch_expiry(connection)
    connection.grant = newer
    keepalive.watch_expiry(connection)

    connection.grant = Grant("1", expires=time() + 0.02)
    keepalive.watch_expiry(connection)

    assert client.close_code() == EXPIRED.code


def test_memory_for_those_who_fell_behind_is_given_back_when_nobody_is(
    parts: Parts, start: Start
) -> None:
    for _ in range(LENT_TIMES):
        silent, pinged = parts.connect()
        silent.pause_reading(HOOK)  # So that it may be silent.
    slow, reader = parts.connect(SMALL)
    slow.send("x" * 4 * SMALL)  # Its socket is full.

    def files() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = files()
    parts.publish(b"x" * LENT_BYTES)
    assert files() == before + 1

    assert pinged.texts(1) == [b"x" * LENT_BYTES]
    start(INTERVAL, LONG)
    assert pinged.frames(3) == [(PING, b"")] * 3  # So many rounds.
    assert files() == before + 1

    parts.start_catch_up()
    assert reader.texts(2) == [b"x" * 4 * SMALL, b"x" * LENT_BYTES]
    wait_until(lambda: files() == before, "given back")
