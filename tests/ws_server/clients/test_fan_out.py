"""One write for each live client, and what is found out about those that do not take all of it."""

import errno
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from common.connection_id import Numbers
from common.page import Page
from tests.support.parts import Parts, Peer
from tests.support.reading import frames_of
from ws_server.clients import fan_out as module
from ws_server.clients.audience import Audiences
from ws_server.clients.connection import Connection
from ws_server.clients.fan_out import CLOCK_EVERY, LENT_TIMES, FanOut
from ws_server.clients.lending import LENT_BYTES, Lender
from ws_server.clients.tally import Tally
from ws_server.door.listen import Listen
from ws_server.log.chunk import Chunk, Place
from ws_server.log.pieces import Mixed, piece_of
from ws_server.wire.frames import TextFrames

AFTER, UPTO = 0, 3 << 64
IDS = [b"1-0", b"2-0", b"3-0"]
CONTENTS = [b"one", b"two", b"three"]


class Noted:
    """A `Progress` that notes what it is told. Unrealistic: it changes nothing."""

    def __init__(self) -> None:
        self.behind: list[tuple[Connection, Place]] = []
        self.dropped: list[Connection] = []

    def fall_behind(self, connection: Connection, place: Place) -> None:
        self.behind.append((connection, place))

    def drop(self, connection: Connection) -> None:
        self.dropped.append(connection)

    def others(self, connection: Connection) -> None:
        raise AssertionError("only catch-up says this")

    reached_head = reached_gap = sent_outbox = sent_frame = sent_farewell = others


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def fan_out(noted: Noted) -> Iterator[FanOut]:
    lender = Lender()
    yield FanOut(noted, lender, Tally(), Numbers())
    lender.give_back()


def chunk(contents: list[bytes]) -> Chunk:
    piece = piece_of(TextFrames(""), "e", AFTER, UPTO, Page(IDS[: len(contents)], contents))
    assert isinstance(piece, Chunk)
    return piece


SHORT = chunk(CONTENTS)


def texts(client: Peer) -> list[bytes]:
    return [payload for _, payload in frames_of(client.take(len(SHORT.data)))]


def refuse_with(error: OSError) -> Any:
    def put(*_: object) -> int:
        raise error

    return put


def test_who_takes_all_has_everything(fan_out: FanOut, noted: Noted, parts: Parts) -> None:
    clients = dict(parts.connect() for _ in range(CLOCK_EVERY + 1))

    fan_out.send(SHORT, clients)

    assert all(texts(client) == CONTENTS for client in clients.values())
    assert {connection.cursor for connection in clients} == {UPTO}
    assert (noted.behind, noted.dropped) == ([], [])


@pytest.mark.parametrize("taken", [0, 3, 5, 7])
def test_who_takes_a_part_falls_behind_at_its_place(
    taken: int, fan_out: FanOut, noted: Noted, parts: Parts
) -> None:
    slow, _ = parts.connect()
    slow.put = lambda *_: taken

    fan_out.send(SHORT, [slow])

    assert noted.behind == [(slow, SHORT.cut(taken))]
    assert slow.cursor == AFTER


def test_who_takes_nothing_falls_behind_before_the_chunk(
    fan_out: FanOut, noted: Noted, parts: Parts
) -> None:
    full, _ = parts.connect()
    full.put = refuse_with(BlockingIOError())

    fan_out.send(SHORT, [full])

    assert noted.behind == [(full, Place(AFTER))]


def test_who_is_gone_is_dropped_and_the_rest_are_served(
    fan_out: FanOut, noted: Noted, parts: Parts
) -> None:
    gone, _ = parts.connect()
    _, client = both = parts.connect()
    gone.put = refuse_with(OSError(errno.EPIPE, "Broken pipe"))

    fan_out.send(SHORT, [gone, both[0]])

    assert noted.dropped == [gone]
    assert texts(client) == CONTENTS


def test_who_is_not_live_or_has_it_already_is_passed_over(
    fan_out: FanOut, noted: Noted, parts: Parts
) -> None:
    clients = parts.hub.clients
    behind, closing, gone, ahead = (parts.connect()[0] for _ in range(4))
    clients.fall_behind(behind, Place(AFTER))
    clients.begin_closing(closing, 60.0)
    parts.hub.sender.drop(gone)
    clients.move(ahead, UPTO)
    for each in (behind, closing, gone, ahead):
        each.put = refuse_with(OSError("it must not be written to"))

    fan_out.send(SHORT, [behind, closing, gone, ahead])

    assert (noted.behind, noted.dropped) == ([], [])


def test_who_is_in_the_middle_of_it_gets_the_rest_from_the_log(
    fan_out: FanOut, noted: Noted, parts: Parts
) -> None:
    """Another process was ahead of this one."""
    connection, client = parts.connect()
    parts.hub.clients.move(connection, 1 << 64)

    fan_out.send(SHORT, [connection])

    assert noted.behind == [(connection, Place(1 << 64))]
    assert client.has_nothing()


# To some of them


MIXED = Page(IDS, CONTENTS, [("a",), ("b",), ()])


def send_mixed(fan_out: FanOut, parts: Parts, wanted: list[str]) -> list[tuple[Connection, Peer]]:
    """Send MIXED; the clients that listen to each of these channels."""
    clients = [parts.connect(listen=Listen(channels=frozenset([name]))) for name in wanted]
    audiences = Audiences()
    for connection, _ in clients:
        audiences.add(connection)
    piece = piece_of(TextFrames(""), "e", AFTER, UPTO, MIXED)
    assert isinstance(piece, Mixed)
    fan_out.send_mixed(piece, [connection for connection, _ in clients], audiences)
    return clients


@pytest.mark.parametrize("others", [0, CLOCK_EVERY + 1])
def test_each_audience_gets_what_is_for_it_however_large_it_is(
    others: int, fan_out: FanOut, noted: Noted, parts: Parts
) -> None:
    clients = send_mixed(fan_out, parts, ["a", "b", "c"] + ["b"] * others)

    received = [[payload for _, payload in client.frames(2)] for _, client in clients[:2]]
    assert received == [[b"one", b"three"], [b"two", b"three"]]
    assert clients[2][1].texts(1) == [b"three"]
    assert all(client.has_nothing() for _, client in clients[:3])
    assert {connection.cursor for connection, _ in clients} == {UPTO}
    assert (noted.behind, noted.dropped) == ([], [])


@pytest.mark.parametrize("problem", [BlockingIOError(), OSError(errno.EPIPE, "Broken pipe")])
def test_one_of_few_that_does_not_take_it_is_told_of(
    problem: OSError,
    fan_out: FanOut,
    noted: Noted,
    parts: Parts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Connection, "__init__", _with_put(refuse_with(problem)))
    clients = send_mixed(fan_out, parts, ["a"])

    is_full = isinstance(problem, BlockingIOError)
    assert noted.behind == ([(clients[0][0], Place(AFTER))] * 2 if is_full else [])
    assert noted.dropped == ([] if is_full else [clients[0][0]] * 2)


def _with_put(put: Any) -> Any:
    """A connection whose socket takes nothing."""
    init = Connection.__init__

    def made(connection: Connection, *args: Any) -> None:
        init(connection, *args)
        connection.put = put

    return made


# Lending, and turns


@pytest.mark.parametrize(
    ("size", "times", "is_lent"),
    [
        (LENT_BYTES, LENT_TIMES, True),
        (LENT_BYTES - 100, LENT_TIMES, False),
        (LENT_BYTES, LENT_TIMES - 1, False),
    ],
)
def test_what_is_long_and_for_many_is_lent(
    size: int, times: int, is_lent: bool, fan_out: FanOut, parts: Parts, made: list[str]
) -> None:
    clients = dict(parts.connect() for _ in range(times))
    long = chunk([b"x" * size])

    fan_out.send(long, clients)

    assert bool(made) == is_lent
    assert all(client.take(len(long.data)) == long.data for client in clients.values())


def test_the_event_loop_has_a_turn_when_a_slice_is_over(
    fan_out: FanOut, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE", 0)
    clients = dict(parts.connect() for _ in range(CLOCK_EVERY * 2))
    served: list[int] = []
    gevent.spawn(lambda: served.append(sum(each.cursor == UPTO for each in clients)))

    fan_out.send(SHORT, clients)

    assert served == [CLOCK_EVERY]
