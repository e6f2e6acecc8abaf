"""The log as this process sees it: its head, the recent pieces, and pages of what is older.

One feed for each format. Encoding happens here, once for all clients. It sends
nothing, and asks Redis only for what memory no longer holds. All that it keeps has one
bound in bytes, of which pages for clients that are behind take half at the most while the
window needs the rest.
"""

from common.message import Mark
from common.page import Page
from common.store.log import Log
from ws_server.log.memory import Kept
from ws_server.log.mixed import Mixed
from ws_server.log.older import Older
from ws_server.log.pieces import piece_of
from ws_server.log.window import Chunk, Piece, Window
from ws_server.wire.formats import Format

NO_CHANNELS: frozenset[str] = frozenset()
SELECTIONS = 64  # Chunks of audiences kept for the next client with the same channels.


class Feed:
    """What there is to send after any cursor, in one format."""

    def __init__(self, log: Log, form: Format, most_bytes: int) -> None:
        self.format = form
        self.epoch = ""
        self.head = 0
        self.done = 0  # Everything up to here has been offered to every live client.
        self._most_bytes = most_bytes
        self._window = Window()
        self._older = Older(log, form)
        # By the ids before and at the end of the piece, and the channels.
        self._selections: Kept[tuple[int, int, frozenset[str]], Chunk] = Kept(SELECTIONS)

    @property
    def mark(self) -> Mark:
        """The head, as clients know it."""
        return Mark(self.epoch, self.head)

    def append(self, part: Page) -> Chunk | Mixed:
        """Add new messages at the head, a part as `Page.parts` makes it."""
        piece = piece_of(self.format, self.epoch, self.head, part.last, part)
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
        self._older.rewind(mark.epoch)
        self.skip(mark.id)

    def give_back(self) -> None:
        """Nobody is behind: forget what was kept for those who were."""
        self._older.pages.clear()
        self._selections.clear()

    @property
    def kept_bytes(self) -> int:
        """About how much memory is taken by what it keeps."""
        return self._window.memory.used + self._old_bytes

    @property
    def _old_bytes(self) -> int:
        return self._older.pages.memory.used + self._selections.memory.used

    def has(self, id_: int) -> bool:
        """Whether memory has the message with this id."""
        piece = self._window.find(id_ - 1)
        return piece is not None and piece.has(id_)

    def next_chunk(self, cursor: int, channels: frozenset[str] = NO_CHANNELS) -> Chunk | None:
        """A chunk that has what follows `cursor` for these channels; None at the head, or beyond.

        It may have no message at all. Reads Redis only where memory ends.

        Raises:
            Gap: the log has forgotten what follows.
            QueueUnavailable: Redis did not answer.
        """
        if cursor >= self.head:
            return None
        piece = self._window.find(cursor) or self._older.find(cursor, channels)
        if piece is None:
            piece = self._older.read(cursor, self._window.start(self.head), channels)
        chunk = piece if isinstance(piece, Chunk) else self._selected(piece, channels)
        self._make_room()
        return chunk

    def _selected(self, piece: Piece, channels: frozenset[str]) -> Chunk:
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
        kinds = [kind for kind in (self._older.pages, self._selections) if len(kind) > 1]
        largest = max(kinds, key=lambda kind: kind.memory.used, default=None)
        if largest is not None:
            largest.forget_oldest()
        return largest is not None
