"""Ids and recipients of the newest messages, for `?last=`: after which id the last few begin.

So Redis is asked only for messages that came before this process started. No contents are kept.
No I/O here.
"""

from bisect import bisect_right
from collections.abc import Sequence

from common.addressing import Addressing
from common.message import MOST_LOOKED_AT, parse_id
from common.page import Page
from ws_server.log.user_index import UserIndex

BLOCK_MESSAGES = 500
BLOCK_BYTES = 256 * 1024
MOST_BYTES = 2 * 1024 * 1024  # So of messages with thousands of recipients few are kept.
MESSAGE_BYTES, NAME_BYTES = 80, 400  # That a message and each recipient take in memory.

Recipients = Sequence[tuple[str, ...]]


class Block:
    """Some messages that follow each other."""

    __slots__ = ("_addressing", "_recipients", "bytes", "ids")

    def __init__(self) -> None:
        self.ids: list[bytes] = []
        self.bytes = 0
        self._recipients: list[tuple[str, ...]] = []
        self._addressing: Addressing | None = None  # Made when somebody asks.

    @property
    def is_full(self) -> bool:
        """Whether what comes next goes into a new block."""
        return len(self.ids) >= BLOCK_MESSAGES or self.bytes >= BLOCK_BYTES

    def add(self, ids: Sequence[bytes], recipients: Recipients | None) -> int:
        """Append messages; return how many bytes of memory they take."""
        self.ids += ids
        self._recipients += recipients or [()] * len(ids)
        more = MESSAGE_BYTES * len(ids) + NAME_BYTES * sum(map(len, recipients or ()))
        self.bytes += more
        self._addressing = None
        return more

    def places(self, channels: frozenset[str]) -> Sequence[int]:
        """The places of the messages for the listeners of these channels."""
        if self._addressing is None:
            self._addressing = Addressing(self._recipients)
        return self._addressing.places(channels)


class Recent:
    """The newest messages up to the head, about MOST_LOOKED_AT of them."""

    def __init__(self) -> None:
        self.start = 0  # The messages after this id are kept.
        self.users: UserIndex | None = None  # If what came for users is to be found, too.
        self._is_all = False  # There are no older ones, or they are not to be looked for.
        self._blocks: list[Block] = []
        self._bytes = 0

    def index_users(self) -> None:
        """Keep which messages are for which user, too, from the next `rewind` on."""
        self.users = UserIndex()

    def rewind(self, head: int) -> None:
        """Forget everything: the log goes on after `head`."""
        self.start, self._is_all = head, False
        self._blocks.clear()
        self._bytes = 0
        if self.users is not None:
            self.users.rewind(head)

    def forget_upto(self, id_: int) -> None:
        """The log has forgotten everything up to an id; blocks have a bound of their own."""
        if self.users is not None:
            self.users.forget_upto(id_)

    def add(self, ids: Sequence[bytes], recipients: Recipients | None) -> None:
        """New messages at the head, as in a `Page`."""
        if self.users is not None:
            self.users.add(ids, recipients)
        if not self._blocks or self._blocks[-1].is_full:
            self._blocks.append(Block())
        self._bytes += self._blocks[-1].add(ids, recipients)
        while len(self._blocks) > 1 and self._has_enough_without(self._blocks[0]):
            oldest = self._blocks.pop(0)
            self._bytes -= oldest.bytes
            self.start = parse_id(oldest.ids[-1])
            self._is_all = self._bytes > MOST_BYTES // 2  # Full of long lists of recipients.

    def add_older(self, before: int, page: Page, *, is_all: bool) -> None:
        """The messages before, up to the id `before`; ignored if older ones have come meanwhile."""
        if before != self.start:
            return
        first = _first_that_fits(page, MOST_BYTES - self._bytes)
        self._is_all = is_all or first > 0
        if first < len(page.ids):
            block = Block()
            recipients = page.recipients and page.recipients[first:]
            self._bytes += block.add(page.ids[first:], recipients)
            self._blocks.insert(0, block)
            self.start = parse_id(page.ids[first]) - 1

    def newest(self, count: int, channels: frozenset[str]) -> int | None:
        """The id right before the newest `count` messages for these channels.

        Or right before about the newest MOST_LOOKED_AT of all, if that is nearer. None if what is
        kept does not go back so far.
        """
        room = MOST_LOOKED_AT
        for block in reversed(self._blocks):
            places = block.places(channels)
            if len(places) >= count:
                at = places[-count]
                return parse_id(block.ids[at - 1]) if at else parse_id(block.ids[0]) - 1
            count, room = count - len(places), room - len(block.ids)
            if room <= 0:
                return parse_id(block.ids[0]) - 1
        return self.start if self._is_all else None

    def count_after(self, id_: int) -> int:
        """How many of those that are kept come after an id."""
        whole = [block for block in self._blocks if parse_id(block.ids[0]) > id_]
        count = sum(len(block.ids) for block in whole)
        if len(whole) == len(self._blocks):
            return count
        cut = self._blocks[-1 - len(whole)].ids
        return count + len(cut) - bisect_right(cut, id_, key=parse_id)

    def _has_enough_without(self, oldest: Block) -> bool:
        if self._bytes > MOST_BYTES:
            return True
        left = sum(len(block.ids) for block in self._blocks) - len(oldest.ids)
        return left >= MOST_LOOKED_AT


def _first_that_fits(page: Page, room: int) -> int:
    """The first place from which on the messages fit into so many bytes."""
    for at in range(len(page.ids) - 1, -1, -1):
        names = page.recipients[at] if page.recipients else ()
        room -= MESSAGE_BYTES + NAME_BYTES * len(names)
        if room < 0:
            return at + 1
    return 0
