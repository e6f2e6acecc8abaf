"""The log: every message that has left the queue, with its id, for a bounded time.

Settling moves messages from the queue to the log, in one atomic step. Reading is by id. Nothing
is decided here: no time, no format, and what a client is sent is up to others.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha1
from typing import Any, Protocol

from common.errors import QueueUnavailable
from common.libraries.redis_connection import Command
from common.message import LARGEST_ID, Mark, format_id, parse_id
from common.page import Page
from common.store.canaries import NoRider, Rider
from common.store.connect import Client
from common.store.keys import Keys
from common.store.line import Line
from common.store.log_state import LogState, Retention, Settled, Stretch, is_epoch, is_held, size_of
from common.store.script import source

SETTLE_MESSAGES = 500
SETTLE_BYTES = 1024 * 1024
LONG = 64 * 1024  # Bytes of a message that is not read again to see whether it is still there.
# Bounds of one look of a script at the log: it takes 1 to 2 ms of Redis' time.
UNNOTICED = "it has lost messages, and this process has yet to notice"
LOOKED, LOOKED_BYTES, PICKED_BYTES = 400, 512 * 1024, 256 * 1024


class Log(Protocol):
    """Where messages are settled, and read from.

    Raises:
        QueueUnavailable: by each of the methods, if Redis did not answer. What was to be settled
            is in the queue or in the log then. By `read_between` and `pick_between`, also if the
            log is of another epoch than `after`: other messages may have these ids then.
    """

    rejected_key: str  # The list of the envelopes that could not be read.

    def look(self, known: Mark | None = None) -> LogState:
        """The state of the log; begins a new epoch if the log has lost the message `known`."""

    def settle_and_read(self, known: Mark, count: int) -> tuple[Settled, Page]:
        """Move the oldest queued items to the log, a bounded number of them.

        Also up to `count` messages that follow `known` in the log, in the same round trip.
        """
        return self.ask_to_settle(known, count)()

    def ask_to_settle(
        self, known: Mark, count: int, wait: float | None = None
    ) -> Callable[[], tuple[Settled, Page]]:
        """Ask now for what `settle_and_read` does; a call of what comes back waits for the answer.

        `wait`: it is done when something is queued, at the latest after so many seconds (BLMOVE,
        which moves an item to where a settle takes it first). One question at a time.
        """

    def carry(self) -> None:
        """What rides with settles goes alone now, as there is none."""

    def wait_after(self, known: Mark, seconds: float) -> bool:
        """Wait until the log has something after `known`, so many seconds at most (XREAD)."""

    def read_after(self, known: Mark, count: int) -> tuple[Page, bool]:
        """Up to `count` messages after `known`, and whether they surely follow it.

        If not, ask `look` whether the log has lost something.
        """

    def has(self, id_: int) -> bool:
        """Whether the log has a message with this id."""

    def fetch(self, epoch: str, ids: Sequence[bytes]) -> Page:
        """Those of these messages that the log still has, if it is of this epoch."""

    def newest(self, upto: int) -> tuple[Page, bool]:
        """Some of the newest messages up to an id, without contents; and whether those are all."""

    def read_between(self, after: Mark, upto: int, count: int) -> Stretch:
        """Up to `count` messages after one id up to another."""

    def pick_between(self, after: Mark, upto: int, channels: frozenset[str]) -> Stretch:
        """The messages after one id up to another that are for the listeners of these channels."""


class RedisLog(Log):
    """A stream in Redis.

    Settling, reading what is new, and all else have a connection each, so that none of these
    waits for another. `rider`: what is asked along with each settle.
    """

    def __init__(
        self, client: Client, key: str, retention: Retention, rider: Rider | None = None
    ) -> None:
        self._rider = rider or NoRider()
        self._keys = keys = Keys(key)
        self.rejected_key = keys.rejected
        script = source("settle.lua").encode()
        sha = sha1(script, usedforsecurity=False).hexdigest()
        lists = (keys.queue, keys.wip, keys.log, keys.rejected)
        names = (*lists, keys.floor, keys.first, keys.epoch, keys.bytes, keys.stretches)
        self._script = ("EVALSHA", sha, len(names), *names)
        self._bounds = (SETTLE_BYTES, retention.size, retention.seconds, retention.bytes)
        self._receipt_seconds = retention.receipt_seconds
        self._long = -1  # The last id read, if its message is LONG.
        self._whole = ("EVAL", source("whole.lua"), 3, keys.log, keys.floor, keys.first)
        self._newest = ("EVAL", source("newest.lua"), 1, keys.log)
        self._pick = ("EVAL", source("pick.lua"), 1, keys.log)
        self._settling = Line(client, script)
        self._reading = Line(client, repeatable=True)
        self._connects = 0  # Of `_reading`, at the last read.
        self._paging = Line(client, script, repeatable=True)

    def look(self, known: Mark | None = None) -> LogState:
        (answer,) = self._paging.call(self._settle(known, 0))
        return Settled.parse(answer).log

    def ask_to_settle(
        self, known: Mark, count: int, wait: float | None = None
    ) -> Callable[[], tuple[Settled, Page]]:
        move = ("BLMOVE", self._keys.queue, self._keys.wip, "RIGHT", "LEFT", wait or 0)
        after = None if wait is None else move
        commands = (self._settle(known), self._read(known.id, count), self._at(known.id))
        answers = self._settling.ask(*commands, *self._rider.commands(), after=after)
        return lambda: self._settled_and_read(known, answers())

    def _settled_and_read(self, known: Mark, answers: Sequence[Any]) -> tuple[Settled, Page]:
        settled, entries, at_known, *ridden = answers
        if ridden:
            self._rider.take(ridden)
        done, page = self._settled(settled), _page_of_stream(entries)
        if page and not at_known:
            # It was there when the script looked: somebody may have trimmed the log since.
            done = replace(done, log=self.look(known))
        return done, self._note_long(page)

    def carry(self) -> None:
        if commands := self._rider.commands():
            self._rider.take(self._paging.call(*commands))

    def wait_after(self, known: Mark, seconds: float) -> bool:
        # Of one message, as the caller has nearly always settled and read it itself.
        (entries,) = self._reading.call(self._read(known.id, 1, seconds))
        return bool(entries)

    def read_after(self, known: Mark, count: int) -> tuple[Page, bool]:
        # Asked last: if the log has `known` even then, what was read before follows it.
        entries, epoch, floor, at_known = self._reading.call(
            self._read(known.id, count),
            ("GET", self._keys.epoch),
            ("GET", self._keys.floor),
            self._at(known.id),
        )
        page = self._note_long(_page_of_stream(entries))
        known_connects, self._connects = self._connects, self._reading.connects
        is_sure = (
            # A new connection may lead to a Redis that came back with older data.
            self._reading.connects == known_connects
            and is_epoch(epoch, known)
            and is_held(known.id, floor)
            # The floor is from the last settle, and somebody may have trimmed the log since.
            and (bool(at_known) or not page)
        )
        return page, is_sure

    def has(self, id_: int) -> bool:
        if id_ > LARGEST_ID:  # Redis would answer that it is none.
            return False
        ((_is_whole, has),) = self._paging.call(self._ask_whole(id_))
        return bool(has)

    def fetch(self, epoch: str, ids: Sequence[bytes]) -> Page:
        commands = [("XRANGE", self._keys.log, id_, id_) for id_ in ids]
        *found, stored = self._paging.call(*commands, ("GET", self._keys.epoch))
        if not is_epoch(stored, Mark(epoch, 0)):
            raise QueueUnavailable(UNNOTICED)
        return Page.of_entries([entry for entries in found for entry in entries])

    def newest(self, upto: int) -> tuple[Page, bool]:
        words = (format_id(upto), LOOKED, LOOKED_BYTES)
        ((is_all, entries),) = self._paging.call((*self._newest, *words))
        page = Page.of_entries(entries[::-1])
        return Page(page.ids, [], page.recipients, events=page.events), bool(is_all)

    def read_between(self, after: Mark, upto: int, count: int) -> Stretch:
        start, end = b"(" + format_id(after.id), format_id(upto)
        command = ("XRANGE", self._keys.log, start, end, "COUNT", count)
        entries, is_followed = self._page_after(after, command)
        page = Page.of_entries(entries)
        last = parse_id(page.ids[-1]) if page else after.id
        is_whole = is_followed and (len(entries) == count or last == upto)
        size = size_of(entries)
        return Stretch(page, last, len(entries), size, size, is_whole)

    def pick_between(self, after: Mark, upto: int, channels: frozenset[str]) -> Stretch:
        bounds = (LOOKED, LOOKED_BYTES, PICKED_BYTES)
        (last, looked, size, is_end, entries), is_followed = self._page_after(
            after, (*self._pick, format_id(after.id), format_id(upto), *bounds, *channels)
        )
        end = parse_id(last)
        is_whole = is_followed and (not is_end or end == upto)
        return Stretch(Page.of_entries(entries), end, looked, size, size_of(entries), is_whole)

    def _page_after(self, after: Mark, command: Command) -> tuple[Any, bool]:
        """What a command answers that reads on after `after`, and whether nothing is missing."""
        # Both are asked last: if the log has everything even then, nothing is missing in what was
        # read; and if its epoch is the same even then, the messages are of this epoch.
        answer, (is_followed, _has), epoch = self._paging.call(
            command, self._ask_whole(after.id), ("GET", self._keys.epoch)
        )
        if not is_epoch(epoch, after):
            raise QueueUnavailable(UNNOTICED)
        return answer, is_followed > 0

    def _ask_whole(self, after: int) -> Command:
        return (*self._whole, format_id(after), format_id(after + 1))

    def _settle(self, known: Mark | None, messages: int = SETTLE_MESSAGES) -> Command:
        place = (known.epoch, format_id(known.id)) if known else ("", format_id(0))
        return (*self._script, messages, *self._bounds, *place, self._receipt_seconds)

    def _settled(self, answer: Any) -> Settled:
        done = Settled.parse(answer)
        if done.problem and not done.moved:
            self._settling.leave()  # As at any error: this server may no longer be the master.
        return done

    def _at(self, id_: int) -> Command:
        """For the message with this id; for none, if it is too long to be read just for that."""
        return ("XRANGE", self._keys.log, *[format_id(id_)] * 2, "COUNT", int(id_ != self._long))

    def _note_long(self, page: Page) -> Page:
        if page and len(page.contents[-1]) > LONG:
            self._long = parse_id(page.ids[-1])
        return page

    def _read(self, cursor: int, count: int, block_seconds: float | None = None) -> Command:
        block = () if block_seconds is None else ("BLOCK", max(1, round(block_seconds * 1000)))
        return ("XREAD", "COUNT", count, *block, "STREAMS", self._keys.log, format_id(cursor))


def _page_of_stream(streams: Any) -> Page:
    """Of the one stream that XREAD was asked for; empty if it has nothing new."""
    return Page.of_entries(streams[0][1] if streams else [])
