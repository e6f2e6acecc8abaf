"""The one place that speaks Redis.

Keys, all in one hash slot:
    KEY              list    the queue: LPUSHed by anybody, popped from the right
    {KEY}:wip        list    what a blocked pop has taken and the next settle takes first
    {KEY}:log        stream  every message that left the queue; field `c` is its content, `a` its
                             addresses joined by a space; everybody's has no `a` (see `Page`)
    {KEY}:rejected   list    envelopes that could not be read, newest first
    {KEY}:floor      string  from which id on the log has everything: that of its first entry, or an
                             older one if the log was empty then
    {KEY}:first      string  the entry that was the first in a log that was empty; while that is so,
                             how many it has lost
    {KEY}:epoch      string  changes whenever the log has lost messages that it should have kept
    {KEY}:once:ID    string  a hash of the item that was pushed under this id, for a while

It decides nothing: no timing, no formats, and no retries but of `push_once` (a
retried LPUSH can store a message twice). How commands travel is `common.store.line`'s business.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b, sha1
from typing import Any

from common.message import LARGEST_ID, Mark, Page, format_id, parse_id
from common.store.entries import page_of, page_of_stream
from common.store.line import Client, Command, Line, Script, redis_errors, source
from common.store.redis_words import known_words

SETTLE_MESSAGES = 500
SETTLE_BYTES = 1024 * 1024
LONG = 64 * 1024  # Bytes of a message that is not read again to see whether it is still there.
# What one look of a script at the log is bounded by: 1 to 2 ms of Redis' time.
LOOKED, LOOKED_BYTES, PICKED_BYTES = 400, 512 * 1024, 256 * 1024


@dataclass(frozen=True, slots=True)
class LogState:
    """The log as it is now.

    `epoch` changes whenever it has lost messages; it was at `start` when the epoch
    began. Whoever has everything up to `floor - 1` can be sent the rest. `last` is
    the newest id.
    """

    epoch: str
    start: int = 0
    floor: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """What one settle did: `waiting` items were still queued; and the log as it is then.

    `reason` says why the first of the `rejected` could not be read, `problem` which command of
    Redis failed, if any: nothing is lost then, and what was `moved` is in the log.
    """

    moved: int
    rejected: int
    waiting: int
    log: LogState = field(default=LogState(""), compare=False)
    reason: str = field(default="", compare=False)
    problem: str = ""

    @classmethod
    def parse(cls, answer: Any) -> "Settled":
        """From what settle.lua answers."""
        moved, rejected, waiting, epoch, *ids, reason, problem = answer
        state = LogState(epoch.decode(), *map(parse_id, ids))
        command, _, error = problem.decode(errors="replace").partition(" ")
        failed = f"{command}: {known_words(error)}" if problem else ""
        return cls(moved, rejected, waiting, state, reason.decode(), failed)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What lies in the log after one id and up to another, as far as one look went: to `upto`.

    `looked` messages of so many `bytes` are there; `page` may have only some of them, of
    `page_bytes`. `is_whole`: surely none is missing, neither at the start nor at the end.
    """

    page: Page
    upto: int
    looked: int
    bytes: int
    page_bytes: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class History:
    """How much the log keeps, at least: so many messages, for so many seconds."""

    size: int
    seconds: int


class Broker:
    """Queue and log of one message center.

    Pushes share the client's pool. Everything that repeats has a connection of its
    own, one for each of settling, reading and paging, so that none waits for another.
    """

    def __init__(self, client: Client, key: str, history: History) -> None:
        self._redis = client
        self._queue = key
        self._wip = f"{{{key}}}:wip"
        self._log = f"{{{key}}}:log"
        self._floor = f"{{{key}}}:floor"
        first = f"{{{key}}}:first"
        self._epoch = f"{{{key}}}:epoch"
        self._once = f"{{{key}}}:once:"
        self.aside = f"{{{key}}}:rejected"
        script = source("settle.lua").encode()
        keys = (self._queue, self._wip, self._log, self.aside, self._floor, first, self._epoch)
        sha = sha1(script, usedforsecurity=False).hexdigest()
        self._script = ("EVALSHA", sha, len(keys), *keys)
        self._bounds = (SETTLE_BYTES, history.size, history.seconds)
        self._long = -1  # The last id read, if its message is LONG.
        self._whole = ("EVAL", source("whole.lua"), 3, self._log, self._floor, f"{{{key}}}:first")
        self._newest = ("EVAL", source("newest.lua"), 1, self._log)
        self._pick = ("EVAL", source("pick.lua"), 1, self._log)
        self._push_once = Script(client, source("push_once.lua"))
        self._settling = Line(client.connection_pool, script)
        self._reading = Line(client.connection_pool, repeatable=True)
        self._checking = Line(client.connection_pool, repeatable=True)
        self._paging = Line(client.connection_pool, script, repeatable=True)

    def push(self, items: Sequence[bytes]) -> None:
        """LPUSH `items` in one command: all or none, popped in the order given.

        Raises:
            QueueUnavailable: Redis did not confirm it.
        """
        with redis_errors():
            self._redis.lpush(self._queue, *items)

    def push_once(
        self, items: Sequence[bytes], ids: Sequence[str | None], seconds: int
    ) -> int | None:
        """`push`, but not of the items whose id has been pushed within `seconds`: those are done.

        The answer is None, or the place of the first item whose id stands for another
        item: then none was queued. If every item has an id, a lost connection is tried again.

        Raises:
            QueueUnavailable: Redis did not confirm it.
        """
        keys = [self._queue, *(self._once + id_ if id_ else self._queue for id_ in ids)]
        hashed = (word for item in items for word in (item, blake2b(item, digest_size=16).digest()))
        # An item without an id would be queued again.
        place: int = self._push_once.run(keys, (seconds, *hashed), repeatable=all(ids))
        return place - 1 if place else None

    def check(self) -> None:
        """Raises QueueUnavailable unless a push would be taken just now; leaves nothing."""
        self._checking.rehearse(("LPUSH", self._queue, b""))
        self._checking.call(("LLEN", self._queue))  # Fails if it is no list.

    def look(self, known: Mark | None = None) -> LogState:
        """The state of the log; begins a new epoch if the log has lost the message `known`.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        (answer,) = self._paging.call(self._settle(known, 0))
        return Settled.parse(answer).log

    def settle_and_read(self, known: Mark, count: int) -> tuple[Settled, Page]:
        """Move the oldest queued items to the log, atomically, a bounded number of them.

        Also what follows `known` in the log, in the same round trip.

        Raises:
            QueueUnavailable: Redis did not confirm it; the messages are in the queue or in the log.
        """
        settled, entries, at_known = self._settling.call(
            self._settle(known), self._read(known.id, count), self._at(known.id)
        )
        done, page = self._settled(settled), page_of_stream(entries)
        if page and not at_known:
            # It was there when the script looked: somebody may have trimmed the log since.
            done = replace(done, log=self.look(known))
        return done, self._note_long(page)

    def settle_and_wait(self, known: Mark, timeout: float) -> Settled:
        """Settle as `settle_and_read`, then block until something is queued (BLMOVE).

        At most `timeout` seconds. The item is moved to where the next settle takes it first.

        Raises:
            QueueUnavailable: as `settle_and_read`.
        """
        wait = ("BLMOVE", self._queue, self._wip, "RIGHT", "LEFT", timeout)
        settled, _moved = self._settling.call(self._settle(known), wait)
        return self._settled(settled)

    def read_after(
        self, known: Mark, count: int, block_seconds: float | None = None
    ) -> tuple[Page, bool]:
        """Up to `count` messages after `known`; blocks for the first one if told to (XREAD).

        And whether they surely follow it. If not, ask `look` whether the log has lost something.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        before = self._reading.connects
        # These last: what was read follows `known` if it did even then.
        entries, epoch, floor, at_known = self._reading.call(
            self._read(known.id, count, block_seconds),
            ("GET", self._epoch),
            ("GET", self._floor),
            self._at(known.id),
        )
        page = self._note_long(page_of_stream(entries))
        is_sure = (
            # A new connection may lead to a Redis that came back with older data.
            self._reading.connects == before
            and epoch is not None
            and epoch.split()[0] == known.epoch.encode()
            and _is_held(known.id, floor)
            # The floor is from the last settle, and somebody may have trimmed the log since.
            and (bool(at_known) or not page)
        )
        return page, is_sure

    def has(self, id_: int) -> bool:
        """Whether the log has a message with this id.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        if id_ > LARGEST_ID:  # Redis would answer that it is none.
            return False
        ((_is_whole, has),) = self._paging.call(self._ask_whole(id_))
        return bool(has)

    def newest(self, upto: int) -> tuple[Page, bool]:
        """Some of the newest messages up to an id, without contents; and whether those are all.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        words = (format_id(upto), LOOKED, LOOKED_BYTES)
        ((is_all, entries),) = self._paging.call((*self._newest, *words))
        page = page_of(entries[::-1])
        return Page(page.ids, [], page.addresses), bool(is_all)

    def read_between(self, after: int, upto: int, count: int) -> Stretch:
        """Up to `count` messages after one id up to another.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        # What was read is whole if the log has everything even then.
        entries, (is_followed, _has) = self._paging.call(
            ("XRANGE", self._log, b"(" + format_id(after), format_id(upto), "COUNT", count),
            self._ask_whole(after),
        )
        page = page_of(entries)
        last = parse_id(page.ids[-1]) if page else after
        is_whole = is_followed > 0 and (len(entries) == count or last == upto)
        size = _size_of(entries)
        return Stretch(page, last, len(entries), size, size, is_whole)

    def pick_between(self, after: int, upto: int, channels: frozenset[str]) -> Stretch:
        """The messages after one id up to another that are for the listeners of these channels.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        bounds = (LOOKED, LOOKED_BYTES, PICKED_BYTES)
        (last, looked, size, is_end, entries), (is_followed, _has) = self._paging.call(
            (*self._pick, format_id(after), format_id(upto), *bounds, *channels),
            self._ask_whole(after),
        )
        end = parse_id(last)
        is_whole = is_followed > 0 and (not is_end or end == upto)
        return Stretch(page_of(entries), end, looked, size, _size_of(entries), is_whole)

    def _ask_whole(self, after: int) -> Command:
        return (*self._whole, format_id(after), format_id(after + 1))

    def _settle(self, known: Mark | None, messages: int = SETTLE_MESSAGES) -> Command:
        place = (known.epoch, format_id(known.id)) if known else ("", format_id(0))
        return (*self._script, messages, *self._bounds, *place)

    def _settled(self, answer: Any) -> Settled:
        done = Settled.parse(answer)
        if done.problem and not done.moved:
            self._settling.leave()  # As at any error: this one may be the master no more.
        return done

    def _at(self, id_: int) -> Command:
        """For the message with this id; for nothing if that is too long to be read in vain."""
        return ("XRANGE", self._log, *[format_id(id_)] * 2, "COUNT", int(id_ != self._long))

    def _note_long(self, page: Page) -> Page:
        if page and len(page.contents[-1]) > LONG:
            self._long = parse_id(page.ids[-1])
        return page

    def _read(self, cursor: int, count: int, block_seconds: float | None = None) -> Command:
        block = () if block_seconds is None else ("BLOCK", max(1, round(block_seconds * 1000)))
        return ("XREAD", "COUNT", count, *block, "STREAMS", self._log, format_id(cursor))


def _size_of(entries: Any) -> int:
    """As pick.lua counts it."""
    return sum(sum(map(len, fields)) for _, fields in entries)


def _is_held(after: int, floor: bytes | None) -> bool:
    """Whether the log has forgotten nothing that came after a message."""
    return floor is None or after >= parse_id(floor) - 1
