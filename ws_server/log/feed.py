"""The log as this process sees it: its head, the recent pieces, and pages of what is older.

One feed for each format. Encoding happens here, once for all clients. It sends nothing, and asks
Redis only for what memory no longer has. All that it keeps has one bound in bytes. Pages for
clients that are behind take half of it at the most, while the window needs the rest.
"""

from array import array
from bisect import bisect_right

from common.connection_id import NONE
from common.message import Mark
from common.page import Page
from common.store.log import Log
from ws_server.log.by_channel import maker_of
from ws_server.log.cache import Cache, Memory
from ws_server.log.chunk import Chunk
from ws_server.log.old_pages import OldPages
from ws_server.log.pieces import Mixed, Piece
from ws_server.wire.formats import Format

NO_CHANNELS: frozenset[str] = frozenset()
SELECTIONS = 64  # Chunks of audiences that are kept for the next client with the same channels.
EMPTY = Chunk(0, 0, b"", (), array("Q"))


class Feed:
    """What there is to send after any cursor, in one format."""

    def __init__(self, log: Log, form: Format, most_bytes: int) -> None:
        self.format = form
        self.epoch = ""
        self.head = 0
        self.done = 0  # Everything up to here has been offered to every live client.
        self._most_bytes = most_bytes
        self._piece_of = maker_of(form)
        self._window = Window()
        self._old_pages = OldPages(log, form)
        # By the ids before and at the end of the piece, and the channels.
        self._selections: Cache[tuple[int, int, frozenset[str]], Chunk] = Cache(SELECTIONS)

    @property
    def mark(self) -> Mark:
        """The head, as clients know it."""
        return Mark(self.epoch, self.head)

    def append(self, part: Page) -> Piece:
        """Add new messages at the head, a part as `Page.parts` makes it."""
        piece = self._piece_of(self.format, self.epoch, self.head, part.last, part)
        self._window.add(piece)
        self._make_room()
        self.head = piece.upto
        return piece

    def skip(self, upto: int) -> None:
        """Let the head move past new messages that nobody wants now: nothing is encoded."""
        self.head = self.done = upto
        self._window.clear()
        self._selections.clear()

    def rewind(self, mark: Mark) -> None:
        """Forget all that was read, and go on after `mark`."""
        self.epoch = mark.epoch
        self._old_pages.rewind(mark.epoch)
        self.skip(mark.id)

    def give_back(self) -> None:
        """Nobody is behind: forget what was kept for those who were."""
        self._old_pages.cache.clear()
        self._selections.clear()

    @property
    def kept_bytes(self) -> int:
        """About how much memory is taken by what it keeps."""
        return self._window.memory.used + self._old_bytes

    @property
    def _old_bytes(self) -> int:
        return self._old_pages.cache.memory.used + self._selections.memory.used

    def has(self, id_: int) -> bool:
        """Whether memory has the message with this id."""
        piece = self._window.find(id_ - 1)
        return piece is not None and piece.has(id_)

    def next_chunk(
        self, cursor: int, channels: frozenset[str] = NO_CHANNELS, number: int = NONE
    ) -> Chunk | None:
        """A chunk that has what follows `cursor` for these channels; None at the head, or beyond.

        Without what the connection with this number is not to get. It may have no message at all.
        Reads Redis only where memory ends.

        Raises:
            Gap: the log has forgotten what follows.
            QueueUnavailable: Redis did not answer, or has lost messages since the last `rewind`.
        """
        if cursor >= self.head:
            return None
        piece = self._window.find(cursor) or self._old_pages.find(cursor, channels)
        if piece is None:
            piece = self._old_pages.read(cursor, self._window.start(self.head), channels)
        chunk = self._selected(piece, channels, number) if isinstance(piece, Mixed) else piece
        self._make_room()
        return chunk

    def _selected(self, piece: Mixed, channels: frozenset[str], number: int) -> Chunk:
        if number in piece.excepted:
            return piece.select(channels, number)  # It is of no use to anybody else.
        key = (piece.after, piece.upto, channels)
        chunk = self._selections.get(key)
        if chunk is None:
            chunk = piece.select(channels)
            self._selections.put(key, chunk)
        return chunk

    def _make_room(self) -> None:
        """Forget the oldest until the bound is kept; the last of each kind stays, however large."""
        while self.kept_bytes > self._most_bytes:
            has_much_old = 2 * self._old_bytes > self._most_bytes
            if has_much_old and self._forget_old():
                continue
            if len(self._window) > 1:
                self._window.forget_oldest()
            elif not self._forget_old():
                return

    def _forget_old(self) -> bool:
        kinds = [kind for kind in (self._old_pages.cache, self._selections) if len(kind) > 1]
        largest = max(kinds, key=lambda kind: kind.memory.used, default=None)
        if largest is not None:
            largest.forget_oldest()
        return largest is not None


class Window:
    """The recent pieces, which follow each other up to the head of the log.

    So clients that are a little behind catch up without Redis.
    """

    def __init__(self) -> None:
        self.memory = Memory()
        self._pieces: list[Piece] = []
        self._starts: list[int] = []  # `after` of each, for the bisection.
        self._first = 0  # Those before it are forgotten; the lists are shortened now and then.

    def __len__(self) -> int:
        return len(self._pieces) - self._first

    def add(self, piece: Piece) -> None:
        """Append the piece that follows the last."""
        self._pieces.append(piece)
        self._starts.append(piece.after)
        piece.keep_in(self.memory)

    def forget_oldest(self) -> Piece:
        """Forget the oldest piece, and say which."""
        piece = self._pieces[self._first]
        piece.drop_from(self.memory)
        self._pieces[self._first] = EMPTY  # So that its memory is free at once.
        self._first += 1
        if self._first > len(self._pieces) // 2:
            del self._pieces[: self._first], self._starts[: self._first]
            self._first = 0
        return piece

    def clear(self) -> None:
        """Forget everything."""
        while len(self):
            self.forget_oldest()
        self._pieces.clear()
        self._starts.clear()
        self._first = 0

    def find(self, cursor: int) -> Piece | None:
        """The piece that has what follows `cursor`, if it is here."""
        at = bisect_right(self._starts, cursor, self._first) - 1
        if at < self._first or cursor >= self._pieces[at].upto:
            return None
        return self._pieces[at]

    def start(self, head: int) -> int:
        """The id after which everything up to `head` is here."""
        return self._starts[self._first] if len(self) else head
