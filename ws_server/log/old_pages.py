"""Pages of the log that the window no longer holds, read for clients that are behind.

What is read for a client is about what it is sent. How large the entries are is seen in the page
before: so few are asked for at first, then as many as make a chunk. If most of them were for
others, Redis is asked for those of this client alone, until many clients want the same place:
then all of them share one page. It sends nothing.
"""

from collections.abc import Iterator

from common.errors import MessageCenterError
from common.message import Mark
from common.page import PART_BYTES, PART_MESSAGES
from common.store.log import Log
from common.store.log_state import Stretch
from ws_server.log.by_channel import maker_of
from ws_server.log.cache import Cache, Memory
from ws_server.log.pieces import Piece
from ws_server.wire.formats import Format

PAGES = 64  # Kept; all of them are looked through at each step of a client that is behind.
FIRST_MESSAGES = 16  # Asked for while nobody knows how large they are: 1 MiB of the largest.
GROWTH = 4
CROWD = 8  # Audiences at one place, for which one page is cheaper than one for each.
MOST_NAMES = 1000  # That Redis is given to pick by.
WORTH = 0.5  # If a smaller share of what was read is for a client, Redis is told to pick.
OVERHEAD = 1024  # Bytes that a page takes besides its piece.

Channels = frozenset[str]


class Gap(MessageCenterError):
    """The log no longer holds what a client needs next."""


class OldPage:
    """A piece of the log, and how it was read: `picked` for these channels; None: it has all."""

    __slots__ = ("audiences", "bytes", "looked", "picked", "piece", "useful")

    def __init__(
        self, piece: Piece, stretch: Stretch, picked: Channels | None, audiences: set[Channels]
    ) -> None:
        self.piece = piece
        self.picked = picked
        self.looked = stretch.looked
        self.bytes = stretch.bytes
        self.useful = stretch.page_bytes
        self.audiences = audiences  # Those that were sent some of it; CROWD at most.

    def keep_in(self, memory: Memory) -> None:
        """Count what it takes."""
        self.piece.keep_in(memory)
        memory.used += OVERHEAD

    def drop_from(self, memory: Memory) -> None:
        """Count it no more."""
        self.piece.drop_from(memory)
        memory.used -= OVERHEAD

    def covers(self, cursor: int) -> bool:
        """Whether it has what follows `cursor`."""
        return self.piece.after <= cursor < self.piece.upto

    def serves(self, channels: Channels) -> bool:
        """Whether it has all that is for these listeners."""
        return self.picked is None or channels <= self.picked

    def note(self, channels: Channels) -> None:
        """Some of it is sent to these listeners."""
        if len(self.audiences) < CROWD:
            self.audiences.add(channels)

    def is_mostly_for(self, channels: Channels) -> bool:
        """Whether at least half of the bytes that Redis looked at are for them."""
        if self.picked is None:
            return self.piece.share_of(channels) >= WORTH
        return self.useful >= WORTH * self.bytes


class OldPages:
    """Reads pages, and keeps some for the next client that is behind at the same place."""

    def __init__(self, log: Log, form: Format) -> None:
        self.cache: Cache[int, OldPage] = Cache(PAGES)  # By the id before each.
        self._log = log
        self._format = form
        self._piece_of = maker_of(form)
        self._epoch = ""
        self._message_bytes = 1  # About so many had each of those that were read last.

    def rewind(self, epoch: str) -> None:
        """Forget all that was read."""
        self._epoch = epoch
        self.cache.clear()

    def find(self, cursor: int, channels: Channels) -> Piece | None:
        """The kept piece that has what follows `cursor` for these channels, if there is one."""
        for page in reversed(self.cache.by_key.values()):
            if page.covers(cursor) and page.serves(channels):
                self.cache.get(page.piece.after)
                page.note(channels)
                return page.piece
        return None

    def read(self, cursor: int, upto: int, channels: Channels) -> Piece:
        """What follows `cursor` for these channels, from Redis; what was read beyond is kept.

        Raises:
            Gap: the log has forgotten what follows.
            QueueUnavailable: Redis did not answer, or has lost messages since the last `rewind`.
        """
        epoch, before = self._epoch, self._neighbour(cursor)
        after = Mark(epoch, cursor)
        picked = None if before is None else _to_pick(before, cursor, channels)
        if picked is None:
            stretch = self._log.read_between(after, upto, self._count_after(before))
        else:
            stretch = self._log.pick_between(after, upto, picked)
        if not stretch.is_whole:
            raise Gap
        self._message_bytes = max(1, stretch.bytes // max(1, stretch.looked))
        audiences = {channels}
        if before is not None and before.covers(cursor):
            audiences |= before.audiences
        pieces = list(self._pieces(epoch, cursor, stretch))
        if epoch == self._epoch:  # Or they are of a log that was lost meanwhile.
            for piece in reversed(pieces):  # The one that is wanted now is forgotten last.
                page = OldPage(piece, stretch, picked, audiences if piece is pieces[0] else set())
                self.cache.put(piece.after, page)
        return pieces[0]

    def _count_after(self, before: OldPage | None) -> int:
        """How many to read after a page: about a chunk, if they are as long as its were."""
        if before is None:
            return max(1, min(FIRST_MESSAGES, PART_BYTES // self._message_bytes))
        fitting = PART_BYTES * before.looked // max(1, before.bytes)
        return max(1, min(fitting, PART_MESSAGES, GROWTH * before.looked))

    def _neighbour(self, cursor: int) -> OldPage | None:
        """The page that has what follows, if only for others; or else the one that ends here."""
        pages = list(reversed(self.cache.by_key.values()))
        for page in pages:
            if page.covers(cursor):
                return page
        return next((page for page in pages if page.piece.upto == cursor), None)

    def _pieces(self, epoch: str, after: int, stretch: Stretch) -> Iterator[Piece]:
        parts = list(stretch.page.parts(at_kicks=False)) or [stretch.page]
        for part in parts:
            upto = stretch.upto if part is parts[-1] else part.last
            yield self._piece_of(self._format, epoch, after, upto, part)
            after = upto


def _to_pick(before: OldPage, cursor: int, channels: Channels) -> Channels | None:
    """The channels for which Redis is to pick messages; None: it is to read all of them."""
    if len(before.audiences) >= CROWD:
        return None
    if not before.covers(cursor) and before.is_mostly_for(channels):
        return None
    wanted = channels.union(*before.audiences)  # The others will come here, too.
    return wanted if len(wanted) <= MOST_NAMES else None
