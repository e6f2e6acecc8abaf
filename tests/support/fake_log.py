"""A log in memory, with the queue before it: what stands in for Redis under a relay."""

from collections import deque
from collections.abc import Callable, Sequence

from gevent.event import Event

from common.channels import reaches
from common.errors import QueueUnavailable
from common.message import Mark, format_id, parse_id
from common.page import Page
from common.store.log import LOOKED, Log
from common.store.log_state import LogState, Settled, Stretch

Recipients = Sequence[tuple[str, ...]]


class FakeLog(Log):
    """Queue, log and history in memory; all of them fail while there is a `fault`.

    Unrealistic: ids are 1-0, 2-0, ...; nothing takes time, unless `gate` is cleared:
    then a reader of history waits for it.
    """

    def __init__(self) -> None:
        self.queue: deque[bytes] = deque()
        self.messages: list[tuple[bytes, bytes]] = []
        self.recipients: dict[bytes, tuple[str, ...]] = {}  # By id; none: for everybody.
        self.excepts: dict[bytes, bytes] = {}  # By id: the connection that is not to get it.
        self.events: dict[bytes, bytes] = {}  # By id: the name of its event.
        self.fault: Exception | None = None
        self.settle_fault: Exception | None = None
        self.read_fault: Exception | None = None  # Of reading alone: what was settled, is.
        self.rejected_key = "{fake}:rejected"
        self.rejected = 0  # What the next settle says that it set aside.
        self.problem = ""  # What settles say that failed, beside what they have done.
        self.settle_limit = 500
        self.forgotten = 0  # Up to this id the log keeps nothing.
        self.epoch = "e1"
        self.started = 0  # The newest id when the epoch began.
        self.is_sure = True  # What `read_after` says of what it has read.
        self.history_reads: list[int] = []  # After which id, each time.
        self.picks: list[tuple[int, frozenset[str]]] = []  # Those of them for some channels only.
        self.gate = Event()
        self.gate.set()
        self.waited_for = Event()  # Set as soon as a reader waits at the gate.
        self._queue_recipients: deque[tuple[str, ...]] = deque()
        self._news = Event()

    def write(
        self,
        *contents: bytes,
        recipients: Recipients | None = None,
        excepts: Sequence[bytes] | None = None,
        events: Sequence[bytes] | None = None,
    ) -> Page:
        """Append to the log, as another process does by settling; what was appended.

        `recipients[i]`, `excepts[i]` and `events[i]` are those of `contents[i]`, as in a `Page`.
        """
        start = len(self.messages)
        ids = [format_id((start + at + 1) << 64) for at in range(len(contents))]
        self.messages += zip(ids, contents, strict=True)
        for id_, names in zip(ids, recipients or [()] * len(ids), strict=True):
            self.recipients[id_] = names
        self.excepts |= zip(ids, excepts or [b""] * len(ids), strict=True)
        self.events |= zip(ids, events or [b""] * len(ids), strict=True)
        self._wake()
        return self._page(self.messages[start:])

    def push(self, *contents: bytes, recipients: Recipients | None = None) -> None:
        """Append to the queue."""
        self.queue.extend(contents)
        self._queue_recipients.extend(recipients or [()] * len(contents))
        self._wake()

    def lose(self, keep: int) -> None:
        """Go back to the first `keep` messages, as an older snapshot does, and notice it."""
        del self.messages[keep:]
        self.epoch += "x"
        self.started = self.last_id()

    def carry(self) -> None:
        pass

    def look(self, known: Mark | None = None) -> LogState:
        self._fail()
        return LogState(self.epoch, self.started, self._floor(), self.last_id())

    def has(self, id_: int) -> bool:
        self._fail()
        return any(parse_id(row[0]) == id_ for row in self.messages)

    def fetch(self, epoch: str, ids: Sequence[bytes]) -> Page:
        self._fail()
        if epoch != self.epoch:
            raise QueueUnavailable("lost")
        rows = [row for row in self.messages if row[0] in ids and parse_id(row[0]) > self.forgotten]
        return self._page(rows)

    def newest(self, upto: int) -> tuple[Page, bool]:
        self._fail()
        rows = self.messages[: upto >> 64]
        page = self._page(rows[-LOOKED:])
        return Page(page.ids, [], page.recipients, events=page.events), len(rows) <= LOOKED

    def ask_to_settle(
        self, known: Mark, count: int, wait: float | None = None
    ) -> Callable[[], tuple[Settled, Page]]:
        def answer() -> tuple[Settled, Page]:
            self._fail(self.settle_fault)
            if wait is not None and not self.queue:
                self._wait(wait)
            settled = self._settle()
            return settled, self._between_now(known, count)

        return answer

    def last_id(self) -> int:
        self._fail()
        return parse_id(self.messages[-1][0]) if self.messages else 0

    def wait_after(self, known: Mark, seconds: float) -> bool:
        self._fail(self.read_fault)
        if self.last_id() <= known.id:
            self._wait(seconds)
        return self.last_id() > known.id

    def read_after(self, known: Mark, count: int) -> tuple[Page, bool]:
        self._fail(self.read_fault)
        is_sure = self.is_sure and known.epoch == self.epoch and known.id >= self._floor() - 1
        return self._between_now(known, count), is_sure

    def read_between(self, after: Mark, upto: int, count: int) -> Stretch:
        self._note_read(after)
        page = self._between(after.id, upto, count)
        return self._stretch(page, page, after.id, upto, is_end=len(page.ids) < count)

    def pick_between(self, after: Mark, upto: int, channels: frozenset[str]) -> Stretch:
        self._note_read(after)
        self.picks.append((after.id, channels))
        looked = self._between(after.id, upto, LOOKED)
        rows = zip(looked.ids, looked.contents, strict=True)
        picked = [row for row in rows if _is_for(self.recipients[row[0]], channels)]
        is_end = len(looked.ids) < LOOKED
        return self._stretch(looked, self._page(picked), after.id, upto, is_end=is_end)

    def _note_read(self, after: Mark) -> None:
        self.history_reads.append(after.id)
        if not self.gate.is_set():
            self.waited_for.set()
            self.gate.wait()
        self._fail()
        if after.epoch != self.epoch:
            raise QueueUnavailable("another epoch")

    def _stretch(self, looked: Page, page: Page, after: int, upto: int, *, is_end: bool) -> Stretch:
        last = parse_id(looked.ids[-1]) if looked else after
        is_whole = after >= self.forgotten and (not is_end or last == upto)
        return Stretch(page, last, len(looked.ids), _size_of(looked), _size_of(page), is_whole)

    def _settle(self) -> Settled:
        self._fail(self.settle_fault)
        count = min(len(self.queue), self.settle_limit)
        moved = [self.queue.popleft() for _ in range(count)]
        self.write(*moved, recipients=[self._queue_recipients.popleft() for _ in moved])
        rejected, self.rejected = self.rejected, 0
        reason = "content is no text" if rejected else ""
        return Settled(len(moved), rejected, len(self.queue), self.look(), reason, self.problem)

    def _floor(self) -> int:
        return self.forgotten + 1 if self.forgotten else 0

    def _between_now(self, known: Mark, count: int) -> Page:
        self._fail(self.read_fault)
        return self._between(known.id, self.last_id(), count)

    def _between(self, after: int, upto: int, count: int) -> Page:
        # The id of `messages[at]` is (at + 1)-0.
        return self._page(self.messages[after >> 64 : upto >> 64][:count])

    def _page(self, rows: list[tuple[bytes, bytes]]) -> Page:
        ids, contents = [id_ for id_, _ in rows], [content for _, content in rows]
        page = Page(ids, contents, [self.recipients[id_] for id_ in ids])
        page.excepts = [self.excepts[id_] for id_ in ids]
        page.events = [self.events[id_] for id_ in ids]
        return page.without_empty()

    def _wake(self) -> None:
        self._news.set()
        self._news.clear()

    def _wait(self, seconds: float) -> None:
        self._news.wait(seconds)

    def _fail(self, *more: Exception | None) -> None:
        for fault in (self.fault, *more):
            if fault is not None:
                raise fault


def _size_of(page: Page) -> int:
    return sum(map(len, page.contents))


def _is_for(names: tuple[str, ...], channels: frozenset[str]) -> bool:
    return not names or any(reaches(name, channels) for name in names)
