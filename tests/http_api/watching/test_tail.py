"""The end of the log, read once for all who watch."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from common.errors import QueueUnavailable
from common.message import Mark
from http_api.watching import tail as module
from http_api.watching.history import Archive
from http_api.watching.tail import Tail
from tests.support.processes import wait_until
from tests.support.reads import WaitingHistory


@pytest.fixture
def log() -> WaitingHistory:
    return WaitingHistory()


@pytest.fixture
def tail(log: WaitingHistory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tail]:
    monkeypatch.setattr(module, "AFTER_FAILURE", 0.001)
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.01)
    monkeypatch.setattr(module, "ROUND", 0.001)
    tail = Tail(Archive(log))
    yield tail
    tail.stop()
    tail.join(60)


def mark(id_: int, epoch: str = "e1") -> Mark:
    return Mark(epoch, id_)


def test_nobody_reads_while_nobody_watches(tail: Tail, log: WaitingHistory) -> None:
    log.write("a")

    assert tail.head is None
    assert log.waits == 0


def test_it_follows_the_end(tail: Tail, log: WaitingHistory) -> None:
    first = log.write("a")
    with tail.watched():
        wait_until(lambda: tail.head == mark(first), "the head")
        second = log.write("b")
        wait_until(lambda: tail.head == mark(second), "the message")

        stretch = tail.find(mark(first))

    assert stretch is not None
    assert stretch.page.contents == [b"b"]
    assert tail.find(mark(second)) is None
    assert tail.find(mark(first - 1)) is None
    assert tail.find(mark(first, "e0")) is None


def test_a_log_that_begins_is_followed(tail: Tail, log: WaitingHistory) -> None:
    with tail.watched():
        wait_until(lambda: log.waits == 0 and tail.head is None, "a start")
        id_ = log.write("a")
        wait_until(lambda: tail.head == mark(id_), "the head")


def test_a_busy_log_is_read_in_rounds(
    tail: Tail, log: WaitingHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROUND", 0.03)
    log.write("a")
    with tail.watched():
        wait_until(lambda: tail.head is not None, "a start")
        while len(log.found) < 4:
            head = tail.head
            log.write("b")
            tail.wait(head, 60)

    assert all(later - found >= 0.03 for found, later in pairwise(log.found))


def test_what_is_too_much_for_one_read_waits_for_no_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROUND", 600.0)
    log = WaitingHistory(room=2)
    tail, first = Tail(Archive(log)), log.write("first")
    with tail.watched():
        wait_until(lambda: tail.head == mark(first), "the head")
        with log.together:
            ids = [log.write(text) for text in "abcde"]
        wait_until(lambda: tail.head == mark(ids[-1]), "the last message")
        found = [tail.find(mark(id_)) for id_ in (first, ids[1], ids[3])]
        tail.stop()
    tail.join(60)

    assert [each and each.page.contents for each in found] == [[b"a", b"b"], [b"c", b"d"], [b"e"]]


def test_those_who_watch_are_woken_if_what_filled_a_read_was_all() -> None:
    log = WaitingHistory(room=2)
    tail, first = Tail(Archive(log)), log.write("first")
    with tail.watched():
        wait_until(lambda: tail.head == mark(first), "the head")
        with log.together:
            log.write("a")
            last = log.write("b")
        tail.wait(mark(first), 60)
        assert (tail.head, tail.is_behind) == (mark(last), False)
        tail.stop()
    tail.join(60)


def test_a_loss_is_noticed_though_no_newer_message_comes(tail: Tail, log: WaitingHistory) -> None:
    first = log.write("a")
    second = log.write("b")
    with tail.watched():
        wait_until(lambda: tail.head == mark(second), "the head")
        log.lose_after(first, "e2")
        wait_until(lambda: tail.head == mark(first, "e2"), "the new epoch")

        assert tail.find(mark(first)) is None


def test_an_outage_passes(tail: Tail, log: WaitingHistory) -> None:
    first = log.write("a")
    with tail.watched():
        wait_until(lambda: tail.head == mark(first), "the head")
        log.fault = QueueUnavailable("gone")
        second = log.write("b")
        log.fault = None
        wait_until(lambda: tail.head == mark(second), "the message")


def test_when_the_last_one_has_gone_nothing_is_read_or_kept(
    tail: Tail, log: WaitingHistory
) -> None:
    first = log.write("a")
    with tail.watched(), tail.watched():
        wait_until(lambda: tail.head == mark(first), "the head")
    wait_until(lambda: tail.head is None, "the end")

    tail.join(60)
    waits = log.waits
    log.write("b")
    assert log.waits == waits

    with tail.watched():
        wait_until(lambda: tail.head == mark(log.newest), "a new start")


def test_a_wait_ends_with_a_change_and_with_the_stop(tail: Tail, log: WaitingHistory) -> None:
    tail.wait(mark(5), 60)  # The head is another one already.

    first = log.write("a")
    with tail.watched():
        tail.wait(None, 60)
        assert tail.head in (None, mark(first))
        tail.stop()
        tail.wait(tail.head, 60)

    assert tail.is_stopped
