"""What came for a user while none of its connections was there waits for the first one.

It waits in the log. How far a user has been sent things is remembered as for a client that comes
with a name (`memory`): what any of its connections has confirmed. Only what was pushed to the user
waits; of what is for everybody, or for channels, it gets what is new.
"""

from collections.abc import Sequence
from dataclasses import replace

from gevent.lock import BoundedSemaphore

from common.channels import of_user
from common.errors import QueueUnavailable
from common.message import Mark
from common.page import Page
from common.store.log import Log
from ws_server.clients.beginning import Beginning
from ws_server.clients.connection import Connection
from ws_server.clients.hub import Hub
from ws_server.relay.loss import Losses, is_newer
from ws_server.relay.memory import ClientMemory
from ws_server.wire.gap_reasons import TOO_OLD

MOST_MESSAGES = 1000  # That wait for a user, and about so many bytes: the newest.
MOST_BYTES = 512 * 1024
AT_ONCE = 50  # Messages that are read together, 3 MiB at most.


def user_of(connection: Connection) -> str:
    """The name under which the place of a user is kept; empty if it has none."""
    return connection.grant.user or ""


class Inboxes:
    """Finds what waits; `memory` is that of users."""

    def __init__(self, source: Log, hub: Hub, memory: ClientMemory) -> None:
        self.memory = memory
        self._source = source
        self._hub = hub
        self._looking_back = BoundedSemaphore()
        hub.recent.index_users()

    def add_to(
        self, beginning: Beginning, user: str, losses: Losses, *, can_tell: bool
    ) -> Beginning:
        """The same beginning, with what waits for the user; `can_tell` of a gap.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        head = self._hub.mark
        upto = head.id if beginning.cursor is None else beginning.cursor
        known = self.memory.recall(user, Mark(head.epoch, upto))
        if known is None:
            return replace(beginning, cursor=upto)
        place, first = known.mark, losses.floor - 1
        kept = self._kept_of(place, losses)
        is_whole = place.epoch == head.epoch and place.id >= first
        after = first if kept is None else max(kept, first)
        ids, are_all = self._ids_of(of_user(user), after, upto)
        page = self._fetch(ids)
        is_whole = is_whole and are_all and len(page.ids) == len(ids)
        if self._hub.mark.epoch != head.epoch:
            raise QueueUnavailable("it has lost messages meanwhile")
        missing = beginning.missing or ("" if is_whole or not can_tell else TOO_OLD)
        sent = upto if known.sent is None or kept is None else known.sent.id
        return replace(
            beginning,
            cursor=upto,
            asked=str(place) if missing else None,
            missing=missing,
            again=sent >> 64 if sent > after and page else beginning.again or 0,
            waited=page or None,
            waited_from=place if page or missing else None,
        )

    def _kept_of(self, place: Mark, losses: Losses) -> int | None:
        """Up to which id the log has what comes before a place; None: nobody knows."""
        epoch = self._hub.mark.epoch
        if is_newer(place.epoch, epoch):
            raise QueueUnavailable("it has lost messages, which another process has noticed first")
        if place.epoch == epoch:
            return place.id
        kept = losses.kept_of(place.epoch)
        return None if kept is None else min(place.id, kept)

    def _ids_of(self, name: str, after: int, upto: int) -> tuple[list[bytes], bool]:
        """The ids of what waits, and whether those are all."""
        index = self._hub.recent.users
        if index is None:
            return [], True
        with self._looking_back:  # The next one that waits here finds it in memory.
            while index.start > after and not index.is_all:
                before = index.start
                page, is_all = self._source.newest(before)
                index.add_older(before, page, is_all=is_all)
        return index.ids_of(name, after, upto), index.reaches(after)

    def _fetch(self, ids: Sequence[bytes]) -> Page:
        """The newest of these messages, as many as may wait."""
        wanted = list(ids[-MOST_MESSAGES:])
        found, size = Page([], []), 0
        while wanted and size < MOST_BYTES:
            some, wanted = wanted[-AT_ONCE:], wanted[:-AT_ONCE]
            page = self._source.fetch(self._hub.mark.epoch, some)
            size += sum(page.sizes)
            found = page.followed_by(found)
        return found
