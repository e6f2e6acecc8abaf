"""What is written of receipts, and when."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from common.errors import QueueUnavailable
from common.page import Page
from common.receipt import Counted
from common.store.receipts import ReceiptWriter
from tests.support.parts import Parts, Peers
from ws_server.clients import confirming
from ws_server.receipts import reports as module
from ws_server.receipts.reports import AT_ONCE, LOOK_EVERY, Reports


class Written(ReceiptWriter):
    """Keeps what is written; fails while there is a `fault`."""

    def __init__(self) -> None:
        self.counted: list[list[str]] = []
        self.late: list[Any] = []
        self.has_left = False
        self.fault: QueueUnavailable | None = None

    def write(self, counted: Sequence[Counted], late: Sequence[Mapping[str, Any]] | None) -> None:
        if self.fault is not None:
            raise self.fault
        self.counted.append([each.stretch for each in counted])
        self.late.append(late)

    def leave(self) -> None:
        self.has_left = True


class Room:
    """A hub, its reports, and a clock of its own."""

    def __init__(self, peers: Peers) -> None:
        self.now = 1000.0
        self.parts = Parts(peers)
        self.hub, self.writer = self.parts.hub, Written()
        self.reports = Reports(self.hub, self.parts.receipts, self.writer, 3600, lambda: self.now)

    def publish(self, count: int = 1) -> None:
        page = self.parts.log.write(*[b"x"] * count)
        receipts = [b"0"] * len(page.ids)
        self.hub.publish(Page(page.ids, page.contents, None, receipts))


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr(module, "FIRST", 0.0)
    peers = Peers()
    room = Room(peers)
    yield room
    room.parts.close()
    peers.close()


def test_nothing_is_written_as_long_as_nobody_asks(room: Room) -> None:
    room.parts.connect()
    room.parts.publish(b"x")
    room.reports.do_round()

    assert room.writer.counted == []


def test_what_has_changed_is_written_in_parts(room: Room) -> None:
    room.publish(AT_ONCE + 1)
    for _ in range(2):
        room.reports.do_round()

    assert list(map(len, room.writer.counted)) == [AT_ONCE, 1]


def test_what_could_not_be_written_is_written_later(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    room.publish(AT_ONCE + 1)
    room.writer.fault = QueueUnavailable("away")
    for _ in range(2):
        room.reports.do_round()
    room.writer.fault = None
    room.reports.do_round()

    assert sum(map(len, room.writer.counted)) == AT_ONCE + 1
    told = [each.message for each in caplog.records if each.message.startswith("Receipts")]
    assert told == [
        "Receipts are not written: away",
        "Receipts are written again",
    ]


def test_those_who_are_late_are_named_once_as_long_as_nothing_changes(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, _ = room.parts.connect()
    room.publish()
    monkeypatch.setattr(room.parts.receipts, "due_upto", lambda _: connection.feed.head)
    for _ in range(3):
        room.now += LOOK_EVERY
        room.reports.do_round()
    assert [late and len(late) for late in room.writer.late] == [1]

    room.hub.sender.drop(connection)
    room.now += LOOK_EVERY
    room.reports.do_round()
    assert room.writer.late[-1] == []


@pytest.mark.parametrize(("pongs", "seconds"), [(500, 2.0), (0.5, 3.0)])
def test_nobody_is_late_before_it_was_asked_and_could_answer(
    room: Room, monkeypatch: pytest.MonkeyPatch, pongs: float, seconds: float
) -> None:
    """Many clients are asked less often."""
    monkeypatch.setattr(confirming, "PONGS", pongs)
    connection, _ = room.parts.connect()
    room.publish()
    upto = {seconds: connection.feed.head}
    room.reports.do_round()
    monkeypatch.setattr(room.parts.receipts, "due_upto", lambda after: upto.get(after, 0))
    room.now += LOOK_EVERY
    room.reports.do_round()

    assert [late and len(late) for late in room.writer.late] == [None, 1]


def test_the_last_numbers_are_written_at_the_stop(room: Room) -> None:
    room.publish()
    room.reports.stop()
    room.publish()
    room.reports.do_round()

    assert (room.writer.counted, room.writer.has_left) == ([["1+"]], True)


def test_a_message_is_told_of_when_most_can_have_confirmed_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST", 3600.0)
    room.publish()
    room.reports.do_round()

    assert room.writer.counted == []
