"""The log as a stream of Server-Sent Events for those who push: `GET /messages/events`.

A stream holds a slot of the web server, so there are few, and each ends before REQUEST_TIMEOUT:
an EventSource comes back with the id of the last message. It knows no route and no token.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from time import monotonic

from common.errors import QueueUnavailable
from common.gap_reasons import LOST, UNKNOWN
from common.message import Mark
from common.refused import Refused
from http_api.watching import events
from http_api.watching.history import Archive
from http_api.watching.questions import MessagesQuestion
from http_api.watching.sample import Sample
from http_api.watching.stretch import Stretch
from http_api.watching.tail import Tail

MOST = 32  # Streams of one process, if it has slots for eight times as many.
PING = 5.0  # Seconds of silence: who is gone is noticed.
RETRY = 500  # Milliseconds before an EventSource comes back.
BEFORE_TIMEOUT = 5.0  # Seconds for the answer to end by itself.


class Streams:
    """Opens streams; `request_timeout` is how long an answer may take at all."""

    def __init__(self, archive: Archive, slots: int, request_timeout: float) -> None:
        self._archive = archive
        self._tail = Tail(archive)
        self._most = max(1, min(MOST, slots // 8))
        self._places = threading.BoundedSemaphore(self._most)
        self._lasts = max(request_timeout - BEFORE_TIMEOUT, request_timeout / 2)
        self.open = 0

    def begin(self, question: MessagesQuestion) -> "Stream":
        """A stream; to be closed by whoever has it.

        Raises:
            Refused: there are too many already.
            QueueUnavailable: Redis did not answer.
        """
        stopping = self._tail.is_stopped
        if stopping or not self._places.acquire(blocking=False):
            reason = "the server stops" if stopping else f"there are {self._most} streams already"
            raise Refused("too_many_streams", f"{reason}: try again", {"Retry-After": "1"})
        stack = ExitStack()
        stack.callback(self._leave)
        self.open += 1
        with stack:
            stream = Stream(self._archive, self._tail, question, self._lasts)
            stream.on_close = stack.pop_all()
            return stream

    def stop(self) -> None:
        """End all of them."""
        self._tail.stop()

    def join(self, seconds: float) -> None:
        """Wait until nothing is read any more."""
        self._tail.join(seconds)

    def _leave(self) -> None:
        self.open -= 1
        self._places.release()


class Stream:
    """An answer in pieces: a welcome, then messages as they enter the log."""

    def __init__(
        self, archive: Archive, tail: Tail, question: MessagesQuestion, lasts: float
    ) -> None:
        self._archive = archive
        self._tail = tail
        self._wanted = question.wanted
        self._sample = Sample(question.sample, monotonic())
        self._end = monotonic() + lasts
        self._mark: Mark | None = None
        self._told: Mark | None = None  # What who reads would come back with.
        self.on_close = ExitStack()
        self._first = self._begin(question)

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        self.on_close.enter_context(self._tail.watched())
        spoken = monotonic()
        while monotonic() < self._end and not self._tail.is_stopped:
            try:
                said = self._next()
            except QueueUnavailable:
                return  # Who reads comes back, and is told then.
            now = monotonic()
            if not said and now - spoken >= PING:
                said = self._ping()
            if said:
                spoken = now
                yield said

    def close(self) -> None:
        """Give its place to others."""
        self.on_close.close()

    def _begin(self, question: MessagesQuestion) -> bytes:
        gap, messages = b"", b""
        if question.after is not None:
            stretch = self._archive.follow(question.after, 1)
            missing = UNKNOWN if stretch is None else stretch.missing
            self._mark = None if stretch is None else stretch.after
            if missing:
                gap = self._gap(question.after, missing)
        elif question.last:
            page = self._archive.page_before(None, self._wanted, question.last)
            self._mark = Mark.parse(page.next) if page.next else None
            messages = b"".join(map(events.message, page.messages))
        else:
            self._mark = self._archive.head()
        self._told = self._mark
        channels = sorted(self._wanted or ())
        fields = {"id": self._id(), "complete": not gap, "channels": channels}
        # With `last`, the id of the welcome comes first, but the messages are older: who is cut
        # off among them must not come back after all of them.
        welcome = events.notice("welcome", fields, "" if messages else self._id())
        moved = events.id_alone(self._id()) if messages else b""
        return b"retry: %d\n" % RETRY + gap + welcome + messages + moved

    def _next(self) -> bytes:
        """What follows; empty if there is nothing for some time."""
        head, mark = self._tail.head, self._mark
        kept = self._kept()
        if kept:
            # It follows: if something is missing, then before it.
            return self._tell(kept, is_end=not self._tail.is_behind)
        stretch = None
        if mark is None or mark != head:
            stretch = self._archive.follow(None if mark is None else str(mark))
        if stretch is None or stretch.upto == mark:
            self._tail.wait(head, min(PING, max(0.01, self._end - monotonic())))
            return b""
        told = b""
        if stretch.missing and mark is not None:
            had, self._mark = self._told or mark, stretch.after
            is_lost = mark.epoch != stretch.after.epoch
            told = self._gap(str(had if is_lost else mark), LOST if is_lost else stretch.missing)
        return told + self._tell([stretch], is_end=stretch.is_end)

    def _kept(self) -> list[Stretch]:
        """What follows and was read for all; for a sample all of it: it has the newest."""
        found: list[Stretch] = []
        at = self._mark
        while at is not None and (stretch := self._tail.find(at)) is not None:
            found.append(stretch)
            at = None if self._sample.is_all else stretch.upto
        return found

    def _tell(self, stretches: Sequence[Stretch], *, is_end: bool) -> bytes:
        after, wanted, last = self._mark.id if self._mark else None, self._wanted, stretches[-1]
        found = [(each, at) for each in stretches for at in each.places(wanted, after)]
        count = self._sample.too_many(len(found), monotonic(), is_end=is_end)
        skipped = self._skip(count, *found[count - 1]) if count else b""
        shown = found[count:]
        self._mark = last.upto
        if shown:
            stretch, place = shown[-1]
            self._told = Mark.parse(stretch.id_at(place))
        return skipped + b"".join(stretch.event(place, wanted) for stretch, place in shown)

    def _skip(self, count: int, stretch: Stretch, place: int) -> bytes:
        """That so many are left out, up to this one."""
        after, upto = self._told, stretch.id_at(place)
        self._told = Mark.parse(upto)
        fields = {"count": count, "id": upto, "after": None if after is None else str(after)}
        return events.notice("skipped", fields, upto)

    def _gap(self, after: str, reason: str) -> bytes:
        self._told = self._mark
        fields = {"id": self._id(), "after": after, "reason": reason}
        return events.notice("gap", fields, self._id())

    def _ping(self) -> bytes:
        """A sign of life. If all newer messages were for others, there is a newer id, too."""
        if self._told == self._mark:
            return b":\n\n"
        self._told = self._mark
        return events.id_alone(self._id())

    def _id(self) -> str:
        return "" if self._mark is None else str(self._mark)
