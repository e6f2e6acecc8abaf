"""The log as a stream of events."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from common.errors import QueueUnavailable
from common.gap_reasons import LOST, TOO_OLD, UNKNOWN
from common.message import Mark
from common.refused import Refused
from http_api.watching import streams as module
from http_api.watching import tail
from http_api.watching.history import Archive
from http_api.watching.questions import MessagesQuestion
from http_api.watching.streams import Stream, Streams
from tests.support.reads import WaitingHistory

LIMIT = 30.0


@pytest.fixture
def log() -> WaitingHistory:
    return WaitingHistory()


@pytest.fixture
def streams(log: WaitingHistory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Streams]:
    monkeypatch.setattr(tail, "LONGEST_WAIT", 0.01)
    monkeypatch.setattr(tail, "ROUND", 0.001)
    streams = Streams(Archive(log), 16, LIMIT)
    yield streams
    streams.stop()
    streams.join(60)


def asking(after: str | None = None, last: int = 0, *wanted: str) -> MessagesQuestion:
    return MessagesQuestion(frozenset(wanted) or None, after, None, last, 100)


class Reader:
    """Reads a stream event by event, as an EventSource does."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.id = ""
        self._pieces = iter(stream)
        self._events: list[bytes] = []

    def event(self) -> tuple[str, Any]:
        """Its kind and what it says; pings and ids alone are passed over."""
        while True:
            while not self._events:
                self._events = next(self._pieces).split(b"\n\n")[:-1]
            fields = dict(
                line.split(": ", 1)
                for line in self._events.pop(0).decode().splitlines()
                if ": " in line
            )
            self.id = fields.get("id", self.id)
            if "data" in fields:
                return fields.get("event", "message"), json.loads(fields["data"])

    def contents(self, count: int) -> list[str]:
        return [self.event()[1]["content"] for _ in range(count)]


@pytest.fixture
def read(streams: Streams) -> Iterator[Any]:
    opened: list[Stream] = []

    def read(question: MessagesQuestion) -> Reader:
        opened.append(streams.begin(question))
        return Reader(opened[-1])

    yield read
    for stream in opened:
        stream.close()


def test_it_begins_at_the_end_and_goes_on(read: Any, log: WaitingHistory) -> None:
    id_ = log.write("before")
    reader = read(asking())

    kind, welcome = reader.event()
    assert (kind, welcome) == (
        "welcome",
        {"id": str(Mark("e1", id_)), "complete": True, "channels": []},
    )
    log.write("a")
    log.write("b", "user:42")

    assert reader.contents(2) == ["a", "b"]
    assert reader.id == str(Mark("e1", log.newest))


def test_the_newest_come_first_if_they_are_asked_for(read: Any, log: WaitingHistory) -> None:
    for text in "abc":
        log.write(text)
    reader = read(asking(last=2))

    assert reader.event()[0] == "welcome"
    assert reader.contents(2) == ["b", "c"]
    log.write("d")
    assert reader.contents(1) == ["d"]


def test_it_goes_on_after_an_id(read: Any, log: WaitingHistory) -> None:
    first = log.write("a")
    log.write("b")
    reader = read(asking(str(Mark("e1", first))))

    kind, welcome = reader.event()
    assert (kind, welcome["complete"]) == ("welcome", True)
    assert reader.contents(1) == ["b"]


def test_only_what_was_asked_for_is_told(read: Any, log: WaitingHistory) -> None:
    log.write("x")
    reader = read(asking(None, 0, "orders.*"))
    assert reader.event()[1]["channels"] == ["orders.*"]

    log.write("not this", "user:42")
    log.write("this", "orders.eu")
    log.write("for all")

    assert reader.contents(2) == ["this", "for all"]


@pytest.mark.parametrize(
    ("after", "reason"), [("garbage", UNKNOWN), ("e0-1-1", UNKNOWN), ("e1-1-0", TOO_OLD)]
)
def test_a_gap_comes_before_the_welcome(
    read: Any, log: WaitingHistory, after: str, reason: str
) -> None:
    log.write("forgotten")
    id_ = log.write("forgotten, too")
    log.forget_upto(id_)
    log.write("a")

    reader = read(asking(after))

    kind, gap = reader.event()
    assert (kind, gap["after"], gap["reason"]) == ("gap", after, reason)
    assert reader.event()[1]["complete"] is False


def test_a_loss_is_told_while_it_runs(read: Any, log: WaitingHistory) -> None:
    kept = log.write("a")
    reader = read(asking())
    reader.event()
    lost = log.write("b")
    assert reader.contents(1) == ["b"]

    log.lose_after(kept, "e2")
    log.write("c")

    assert reader.event() == (
        "gap",
        {"id": str(Mark("e2", kept)), "after": str(Mark("e1", lost)), "reason": LOST},
    )
    assert reader.contents(1) == ["c"]


def test_what_was_forgotten_before_it_was_read_is_told(read: Any, log: WaitingHistory) -> None:
    mark = Mark("e1", log.write("a"))
    reader = read(asking())
    reader.event()  # The end of the log is not read before who reads wants more.
    log.write("forgotten")
    log.forget_upto(log.newest)
    log.write("b")

    kind, gap = reader.event()
    assert (kind, gap["after"], gap["reason"]) == ("gap", str(mark), TOO_OLD)
    assert reader.contents(1) == ["b"]


def sampled(most: int, *wanted: str) -> MessagesQuestion:
    return MessagesQuestion(frozenset(wanted) or None, None, None, 0, 100, most)


def test_of_too_many_a_sample_has_the_newest_and_says_how_many_it_skipped(
    read: Any, log: WaitingHistory
) -> None:
    first = log.write("first")
    reader = read(sampled(2))
    reader.event()
    with log.together:
        ids = [log.write(text) for text in "abcde"]

    assert reader.event() == (
        "skipped",
        {"count": 3, "id": str(Mark("e1", ids[2])), "after": str(Mark("e1", first))},
    )
    assert reader.id == str(Mark("e1", ids[2]))
    assert reader.contents(2) == ["d", "e"]


def test_a_sample_misses_nothing_without_saying_so(read: Any, log: WaitingHistory) -> None:
    reader = read(sampled(3))
    reader.event()
    shown = skipped = 0
    for _ in range(20):
        with log.together:
            for _ in range(4):
                log.write("a")
    while shown + skipped < 80:
        kind, said = reader.event()
        shown += kind == "message"
        skipped += said["count"] if kind == "skipped" else 0

    assert (shown + skipped, reader.id) == (80, str(Mark("e1", log.newest)))
    assert skipped


def test_a_sample_has_the_newest_of_all_that_was_read(
    log: WaitingHistory, streams: Streams, read: Any
) -> None:
    log.room = 2
    reader = read(sampled(3))
    reader.event()
    with log.together:
        for number in range(8):
            log.write(str(number))

    shown: list[str] = []
    while not shown or shown[-1] != "7":
        kind, said = reader.event()
        shown += [said["content"]] if kind == "message" else []

    assert "7" in shown
    assert len(shown) <= 3


def test_a_sample_counts_only_what_was_asked_for(read: Any, log: WaitingHistory) -> None:
    reader = read(sampled(1, "user:42"))
    reader.event()
    with log.together:
        for _ in range(5):
            log.write("for others", "user:7")
        log.write("a", "user:42")
        log.write("b", "user:42")

    kind, said = reader.event()
    assert (kind, said["count"]) == ("skipped", 1)
    assert reader.contents(1) == ["b"]


def test_each_is_told_the_name_by_which_they_get_it(read: Any, log: WaitingHistory) -> None:
    readers = [read(asking()), read(asking(None, 0, "orders"))]
    for reader in readers:
        reader.event()
    log.write("a", "orders", "news")
    log.write("b", "news", "orders")

    rows = [[reader.event()[1]["channel"] for _ in range(2)] for reader in readers]

    assert rows == [["orders", "news"], ["orders", "orders"]]


def test_where_nothing_was_ever_pushed_it_waits_for_the_first(
    read: Any, log: WaitingHistory
) -> None:
    reader = read(asking())
    assert reader.event()[1]["id"] == ""

    log.write("a")

    assert reader.contents(1) == ["a"]


def test_a_sign_of_life_has_the_newest_id(
    read: Any, log: WaitingHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PING", 0.01)
    log.write("a")
    pieces = iter(read(asking(None, 0, "orders")).stream)
    next(pieces)
    assert next(pieces) == b":\n\n"

    id_ = log.write("for others", "others")

    newest = f"id: {Mark('e1', id_)}\n\n".encode()
    assert newest in [next(pieces) for _ in range(100)]


def test_it_ends_before_the_time_of_a_request_is_over(log: WaitingHistory) -> None:
    streams = Streams(Archive(log), 16, 0.02)
    stream = streams.begin(asking())

    assert b"".join(stream).startswith(b"retry: ")
    stream.close()
    streams.join(60)


def test_a_stop_ends_all_and_lets_nobody_begin(streams: Streams, log: WaitingHistory) -> None:
    stream = streams.begin(asking())
    pieces = iter(stream)
    next(pieces)

    streams.stop()

    assert list(pieces) == []
    stream.close()
    with pytest.raises(Refused, match="stops"):
        streams.begin(asking())


def test_without_redis_it_ends_and_none_begins(streams: Streams, log: WaitingHistory) -> None:
    log.write("a")
    stream = streams.begin(asking(last=1))
    pieces = iter(stream)
    next(pieces)

    log.fault = QueueUnavailable("gone")
    log.write("b")

    assert list(pieces) in ([], [b":\n\n"])
    stream.close()
    with pytest.raises(QueueUnavailable):
        streams.begin(asking())
    assert streams.open == 0


def test_there_is_room_for_a_few(streams: Streams) -> None:
    first, second = streams.begin(asking()), streams.begin(asking())
    with pytest.raises(Refused) as refused:
        streams.begin(asking())
    assert (refused.value.error, refused.value.status) == ("too_many_streams", 503)
    assert "Retry-After" in refused.value.headers

    first.close()
    first.close()
    third = streams.begin(asking())

    assert streams.open == 2
    second.close()
    third.close()
