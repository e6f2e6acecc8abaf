"""Where a client begins: at the head, after an id that it had, or before the newest messages.

If memory does not say it, Redis is asked.
"""

from dataclasses import replace

import gevent
from gevent.lock import BoundedSemaphore

from common.errors import QueueUnavailable
from common.message import Mark
from common.store.log import Log
from ws_server.clients.beginning import AT_THE_HEAD, Beginning
from ws_server.clients.hub import Hub
from ws_server.door.listen import Listen
from ws_server.relay.inboxes import Inboxes
from ws_server.relay.loss import Losses, is_newer
from ws_server.relay.memory import ClientMemory
from ws_server.wire.close_codes import TRY_AGAIN
from ws_server.wire.gap_reasons import TOO_OLD, UNKNOWN

MOST_FOUND = 1000  # Ids of clients that are remembered: 100 kB.
MOST_LOOKS = 10  # At messages that came before this process started.


class Beginnings:
    """Finds where a client begins, for what it asks."""

    def __init__(self, source: Log, hub: Hub, losses: Losses) -> None:
        self._source = source
        self._hub = hub
        self._losses = losses
        self.memory: ClientMemory | None = None  # Of clients that cannot remember where they are.
        self.inboxes: Inboxes | None = None  # If something waits for users.
        self._looking_back = BoundedSemaphore()
        # Ids of clients that were found in the log, in one epoch of it: another may not have them.
        self._found: set[int] = set()
        self._found_in = ""

    def find_in_memory(self, listen: Listen) -> Beginning | None:
        """Where a client begins that asks for this, if memory says it; None: Redis must be asked.

        So a client that comes back with a recent id does not wait behind those that ask for more.
        """
        if listen.last_id is not None:
            cursor = self._known_cursor(listen.format_name, Mark.parse(listen.last_id))
        elif listen.client or (self.inboxes is not None and listen.grant.user is not None):
            return None
        elif listen.last:
            cursor = self._hub.recent.newest(listen.last, listen.channels)
        else:
            return AT_THE_HEAD
        if cursor is None:
            return None
        return Beginning(max(cursor, self._losses.floor - 1), asked=listen.last_id)

    def _known_cursor(self, name: str, mark: Mark | None) -> int | None:
        head = self._hub.mark
        if mark is None or mark.epoch != head.epoch or mark.id < self._losses.floor - 1:
            return None
        has_it = (
            mark.id == head.id or mark.id in self._found_now() or self._hub.has_sent(name, mark.id)
        )
        return mark.id if has_it else None

    def find(self, listen: Listen) -> Beginning:
        """Where a client begins that asks for this.

        If Redis does not answer, the client is to come back: an id that cannot be looked for
        may be of a message that Redis has lost.
        """
        try:
            if listen.last_id is not None:
                return self._resume(listen.format_name, listen.last_id)
            beginning = AT_THE_HEAD
            if listen.last:
                beginning = Beginning(self._newest(listen.last, listen.channels))
            if listen.client and self.memory is not None:
                beginning = self._recall(listen, beginning, self.memory)
            user = listen.grant.user
            if self.inboxes is None or user is None or beginning.asked is not None:
                return beginning  # Where it was before: what waits comes after that.
            can_tell = listen.events or listen.format != "text"
            return self.inboxes.add_to(beginning, user, self._losses, can_tell=can_tell)
        except QueueUnavailable:
            return Beginning(refused=TRY_AGAIN)

    def _recall(self, listen: Listen, first: Beginning, memory: ClientMemory) -> Beginning:
        """After what it has confirmed; `first` for a client that is not known."""
        head = self._hub.mark
        cursor = head.id if first.cursor is None else first.cursor
        known = memory.recall(listen.remembered_as, Mark(head.epoch, cursor))
        if known is None:
            return Beginning(cursor, again=0)
        beginning = self._resume(listen.format_name, str(known.mark))
        sent = self._hub.mark.id
        if known.sent is not None and known.sent.epoch == known.mark.epoch:
            sent = known.sent.id
        return replace(beginning, again=sent >> 64 if sent > known.mark.id else 0)

    def _newest(self, count: int, channels: frozenset[str]) -> int:
        recent = self._hub.recent
        cursor = recent.newest(count, channels)
        if cursor is None:
            with self._looking_back:  # The next one that waits here finds it in memory.
                self._look_back(count, channels)
            cursor = recent.newest(count, channels) or recent.start
        return max(cursor, self._losses.floor - 1)

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
        if mark is not None and is_newer(mark.epoch, self._hub.mark.epoch):
            self._look_for_a_loss()  # Another process has noticed one, and this one not yet.
        head = self._hub.mark
        if mark is None or mark.epoch != head.epoch:
            return self._after_loss(beginning, mark)
        if mark.id < self._losses.floor - 1:
            return replace(beginning, missing=TOO_OLD)
        if not self._is_of_this_log(name, mark.id):
            self._look_for_a_loss()  # It seems that Redis has lost it.
            return self._after_loss(beginning, mark)
        if mark.epoch != self._hub.mark.epoch:
            return self._after_loss(beginning, mark)  # While it was looked for.
        return replace(beginning, cursor=mark.id)

    def _after_loss(self, beginning: Beginning, mark: Mark | None) -> Beginning:
        """After a gap; then follows what the log still has and the client has not had."""
        if mark is None:
            return replace(beginning, missing=UNKNOWN)
        kept = self._losses.kept_of(mark.epoch)
        cursor = None if kept is None else max(min(mark.id, kept), self._losses.floor - 1)
        return replace(beginning, cursor=cursor, missing=UNKNOWN)

    def _look_for_a_loss(self) -> None:
        """In a greenlet of its own: the time of this client may end while the others are told."""

        def look() -> QueueUnavailable | None:
            try:
                self._losses.look()
            except QueueUnavailable as problem:
                return problem
            return None

        problem = gevent.spawn(look).get()
        if problem is not None:
            raise problem

    def _is_of_this_log(self, name: str, id_: int) -> bool:
        """Whether a client may have this id: of a message, or one that it was welcomed with.

        That one may be of no message: with `last` it is the id right before a message.
        """
        if id_ in (self._hub.mark.id, *self._losses.empty_places):
            return True
        return self._is_logged(name, id_) or self._is_logged(name, id_ + 1)

    def _is_logged(self, name: str, id_: int) -> bool:
        """Whether there is such a message; perhaps one that another process has sent already."""
        found = self._found_now()
        if id_ in found or self._hub.has_sent(name, id_):
            return True
        is_there = self._source.has(id_)
        if is_there:
            if len(found) >= MOST_FOUND:
                found.clear()
            found.add(id_)
        return is_there

    def _found_now(self) -> set[int]:
        epoch = self._hub.mark.epoch
        if self._found_in != epoch:
            self._found, self._found_in = set(), epoch
        return self._found
