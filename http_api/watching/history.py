"""What is shown of the log: pages of messages after or before an id, with whom each is for.

An id is looked for as for a listener that comes back with it. If something is missing, the page
says so and goes on with what there is. No route, no socket here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from common.gap_reasons import TOO_OLD, UNKNOWN
from common.message import Mark, parse_id
from common.store.history import LOOKED, History, Look
from http_api.watching.questions import Wanted
from http_api.watching.stretch import Logged, Shown, Stretch, messages_of

MOST_LOOKS = 8  # For one answer: up to 3200 messages, or 2 MiB.


@dataclass(frozen=True, slots=True)
class MessagesPage:
    """What was asked for, the oldest first. `next` and `previous`: the ids to go on with."""

    messages: list[Shown]
    next: str | None
    previous: str | None = None
    more: bool = False
    gap: Shown | None = None


class Archive:
    """Reads the log. It keeps nothing."""

    def __init__(self, history: History) -> None:
        self._history = history

    def head(self) -> Mark | None:
        """The place after the newest message; None if nothing has ever entered the log.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        look = self._history.before(None, 1)
        return Mark(look.epoch, look.newest) if look.epoch else None

    def follow(self, asked: str | None, most: int = LOOKED) -> Stretch | None:
        """One look at what follows an id, or the oldest if None; None: there is no log yet.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        mark = None if asked is None else Mark.parse(asked)
        start = mark.id if mark else 0
        look = self._history.after(start, most)
        if not look.epoch:
            return None
        begin, missing = _beginning(asked, mark, look)
        if begin != start:
            look = self._history.after(begin, most)
        if not look.is_whole and not missing and begin:
            missing = TOO_OLD
        upto = look.page.last if look.page else begin
        page = look.page.after(look.floor - 1)
        is_end = look.is_end or upto >= look.newest
        return Stretch(Mark(look.epoch, begin), Mark(look.epoch, upto), page, missing, is_end)

    def wait(self, mark: Mark, seconds: float) -> Stretch | None:
        """As `follow`, but waits for the first message; after the time there may be none.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        look = self._history.wait(mark.id, seconds)
        is_held = look.has and mark.id >= look.floor - 1
        if look.epoch != mark.epoch or (look.page and not is_held):
            return self.follow(str(mark))  # It may have lost or forgotten something.
        upto = Mark(mark.epoch, look.page.last) if look.page else mark
        return Stretch(mark, upto, look.page, is_end=look.is_end)

    def page_after(self, asked: str | None, wanted: Wanted, limit: int) -> MessagesPage:
        """Up to `limit` messages after an id.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        found, gap, upto = Found(wanted, limit), None, None
        is_end = True
        for stretch in self._stretches(asked, limit if wanted is None else LOOKED):
            is_end = False
            if stretch.missing:
                if found.messages:  # Lost while it was read: the next page tells it.
                    break
                gap = _gap(asked, stretch.missing, stretch.after)
            upto = stretch.upto
            last = found.take(map(stretch.at, stretch.places(wanted)), upto.epoch)
            if last is not None:
                is_end = stretch.is_end and last.id == upto.id
                upto = replace(upto, id=last.id)
                break
            is_end = stretch.is_end
        if upto is None:
            return MessagesPage([], None, gap=_gap(asked, UNKNOWN, None))
        return MessagesPage(found.messages, str(upto), more=not is_end, gap=gap)

    def _stretches(self, asked: str | None, most: int) -> Iterator[Stretch]:
        place = asked
        for _ in range(MOST_LOOKS):
            stretch = self.follow(place, most)
            if stretch is None:
                return
            yield stretch
            if stretch.is_end:
                return
            place = str(stretch.upto)

    def page_before(self, asked: str | None, wanted: Wanted, limit: int) -> MessagesPage:
        """The newest `limit` messages before an id, or of all if None.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        mark = None if asked is None else Mark.parse(asked)
        start, found = None if mark is None else mark.id, Found(wanted, limit)
        head = gap = None
        for _ in range(MOST_LOOKS):
            look = self._history.before(start, limit if wanted is None else LOOKED)
            if head is None:
                head = Mark(look.epoch, look.newest)
                if asked is not None and (mark is None or mark.epoch != look.epoch):
                    gap = _gap(asked, UNKNOWN, head if start is None else Mark(look.epoch, start))
            if look.epoch != head.epoch:
                break  # Lost while it was read: what came before may be of other messages.
            last = found.take(messages_of(look.page, look.floor), look.epoch)
            if last is not None:
                return _backwards(found, head, last.id, gap)
            if look.is_end or _is_below(look):
                return _backwards(found, head, None, gap)
            start = parse_id(look.page.ids[-1])
        return _backwards(found, head, start, gap)


class Found:
    """Messages for those who want them, up to a limit."""

    def __init__(self, wanted: Wanted, limit: int) -> None:
        self.messages: list[Shown] = []
        self._wanted = wanted
        self._limit = limit

    def take(self, some: Iterable[Logged], epoch: str) -> Logged | None:
        """Add those that they get; the last one, if there is no room for more."""
        for message in some:
            if message.is_for(self._wanted):
                self.messages.append(message.shown(epoch, self._wanted))
                if len(self.messages) == self._limit:
                    return message
        return None


def _backwards(
    found: Found, head: Mark | None, start: int | None, gap: Shown | None
) -> MessagesPage:
    if head is None or not head.epoch:
        return MessagesPage([], None, gap=gap)
    previous = None if start is None else str(Mark(head.epoch, start))
    return MessagesPage(found.messages[::-1], str(head), previous, previous is not None, gap)


def _beginning(asked: str | None, mark: Mark | None, look: Look) -> tuple[int, str]:
    """After which id to go on, and what is missing then: as `Beginnings` of listeners."""
    lowest = max(0, look.floor - 1)
    if asked is None:
        return lowest, ""
    if mark is None:
        return look.newest, UNKNOWN
    if mark.epoch != look.epoch:
        return max(min(mark.id, look.start), lowest), UNKNOWN
    if not lowest <= mark.id <= look.newest:
        return (lowest, TOO_OLD) if mark.id < lowest else (look.newest, UNKNOWN)
    ids = look.page.ids
    has_next = bool(ids) and parse_id(ids[0]) == mark.id + 1
    if look.has or has_next or mark.id in (look.newest, look.start, lowest):
        return mark.id, ""
    return mark.id, UNKNOWN


def _is_below(look: Look) -> bool:
    """Whether it went back to where the log may have holes."""
    return bool(look.page) and look.page.last < look.floor


def _gap(asked: str | None, reason: str, after: Mark | None) -> Shown | None:
    """As listeners are told: `id` is where it goes on, `after` what was asked with."""
    if asked is None:
        return None
    return {"id": None if after is None else str(after), "after": asked, "reason": reason}
