"""Where a client begins: at the head, after an id that it had, or before the newest messages.

Decided from memory if possible; else Redis is asked. What the log is like, the relay says.
"""

from collections.abc import Callable
from dataclasses import replace

import gevent
from gevent.lock import BoundedSemaphore

from common.errors import QueueUnavailable
from common.message import Mark
from common.store.log import Log
from common.store.log_state import LogState
from ws_server.clients.beginning import AT_THE_HEAD, Beginning
from ws_server.clients.hub import Hub
from ws_server.door.listen import Listen
from ws_server.wire.close_codes import TRY_AGAIN
from ws_server.wire.gap_reasons import TOO_OLD, UNKNOWN

MOST_FOUND = 10_000  # Ids of clients that are remembered.
MOST_LOOKS = 10  # At messages that came before this process started.
MOST_EPOCHS = 16  # Past ones that are remembered.


class Beginnings:
    """`follow` looks whether Redis has lost messages, and begins the new epoch here, if so."""

    def __init__(self, source: Log, hub: Hub, follow: Callable[[], None]) -> None:
        self._source = source
        self._hub = hub
        self._follow = follow
        self._looking_back = BoundedSemaphore()
        self._floor = 0  # Whoever has everything before it can be sent the rest.
        self._beginnings = (0, 0)  # Ids of no message, with which a client may have been welcomed.
        self._found: set[int] = set()  # Ids of clients that were looked for in the log.
        self._epoch = ""
        self._last = 0  # The newest id when somebody looked.
        self._kept: dict[str, int] = {}  # Of past epochs: up to where the log still has them.

    def note(self, state: LogState) -> None:
        """The log as it is now."""
        self._floor = state.floor
        self._beginnings = (state.start, max(0, state.floor - 1))
        self._last = state.last or self._last
        if _is_newer(state.epoch, self._epoch):
            ended = {**self._kept, self._epoch: state.start}
            newest = list(ended.items())[-MOST_EPOCHS:]
            self._kept = {epoch: min(kept, state.start) for epoch, kept in newest}
            self._epoch = state.epoch

    def forget(self) -> None:
        """The log has lost messages: what was found in it may be gone."""
        self._found.clear()

    def find_in_memory(self, listen: Listen) -> Beginning | None:
        """Where a client begins that asks for this, if memory says it; None: Redis must be asked.

        So whoever comes back with an id of late does not wait behind those who ask for more.
        """
        if listen.last_id is not None:
            cursor = self._known_cursor(listen.format_name, Mark.parse(listen.last_id))
        elif listen.last:
            cursor = self._hub.recent.newest(listen.last, listen.channels)
        else:
            return AT_THE_HEAD
        if cursor is None:
            return None
        return Beginning(max(cursor, self._floor - 1), asked=listen.last_id)

    def _known_cursor(self, name: str, mark: Mark | None) -> int | None:
        head = self._hub.mark
        if mark is None or mark.epoch != head.epoch or mark.id < self._floor - 1:
            return None
        has_it = mark.id == head.id or mark.id in self._found or self._hub.has_sent(name, mark.id)
        return mark.id if has_it else None

    def find(self, listen: Listen) -> Beginning:
        """Where a client begins that asks for this.

        If Redis does not answer, the client is to come back: an id that cannot be looked for
        may be of a message that Redis has lost.
        """
        try:
            if listen.last_id is not None:
                return self._resume(listen.format_name, listen.last_id)
            if listen.last:
                return Beginning(self._newest(listen.last, listen.channels))
        except QueueUnavailable:
            return Beginning(refused=TRY_AGAIN)
        return AT_THE_HEAD

    def _newest(self, count: int, channels: frozenset[str]) -> int:
        recent = self._hub.recent
        cursor = recent.newest(count, channels)
        if cursor is None:
            with self._looking_back:  # Who waits here finds it in memory then.
                self._look_back(count, channels)
            cursor = recent.newest(count, channels) or recent.start
        return max(cursor, self._floor - 1)

    def _look_back(self, count: int, channels: frozenset[str]) -> None:
        recent = self._hub.recent
        for look in range(MOST_LOOKS):
            if recent.newest(count, channels) is not None:
                return
            before = recent.start
            page, is_all = self._source.newest(before)
            recent.add_older(before, page, is_all=is_all or look == MOST_LOOKS - 1)

    def _resume(self, name: str, last_id: str) -> Beginning:
        beginning, mark = Beginning(asked=last_id), Mark.parse(last_id)
        if mark is not None and _is_newer(mark.epoch, self._hub.mark.epoch):
            self._catch_up()  # Another process may have noticed a loss, and this one not yet.
        head = self._hub.mark
        if mark is None or mark.epoch != head.epoch:
            return self._after_loss(beginning, mark)
        if mark.id < self._floor - 1:
            return replace(beginning, missing=TOO_OLD)
        if mark.id not in (head.id, *self._beginnings) and not self._is_of_this_log(name, mark.id):
            self._catch_up()  # Redis has lost it, it seems.
            return self._after_loss(beginning, mark)
        if mark.epoch != self._hub.mark.epoch:
            return self._after_loss(beginning, mark)  # While it was looked for.
        return replace(beginning, cursor=mark.id)

    def _after_loss(self, beginning: Beginning, mark: Mark | None) -> Beginning:
        """With a gap, and then what the log has that its client has not had."""
        if mark is None:
            return replace(beginning, missing=UNKNOWN)
        kept = self._last if mark.epoch == self._hub.mark.epoch else self._kept.get(mark.epoch)
        cursor = None if kept is None else max(min(mark.id, kept), self._floor - 1)
        return replace(beginning, cursor=cursor, missing=UNKNOWN)

    def _catch_up(self) -> None:
        """Follow in a greenlet of its own: who waits here may run out of time in the middle."""

        def follow() -> QueueUnavailable | None:
            try:
                self._follow()
            except QueueUnavailable as problem:
                return problem
            return None

        problem = gevent.spawn(follow).get()
        if problem is not None:
            raise problem

    def _is_of_this_log(self, name: str, id_: int) -> bool:
        """Whether a client may have this id: of a message, or, from `last`, right before one."""
        return self._is_logged(name, id_) or self._is_logged(name, id_ + 1)

    def _is_logged(self, name: str, id_: int) -> bool:
        """Whether there is such a message; perhaps one that another process has sent already."""
        if id_ in self._found or self._hub.has_sent(name, id_):
            return True
        is_there = self._source.has(id_)
        if is_there:
            if len(self._found) >= MOST_FOUND:
                self._found.clear()
            self._found.add(id_)
        return is_there


def _is_newer(epoch: str, other: str) -> bool:
    """Epochs are named by the time at which they began, in hexadecimal digits."""
    return (len(epoch), epoch) > (len(other), other)
