"""Which of the newest messages are for which user: their ids alone. No I/O here.

So it is known without a look at the log what came for one of a million users while it was away.
"""

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Sequence
from itertools import islice, takewhile

from common.channels import USER
from common.message import parse_id
from common.page import Page

MOST_IDS = 100_000  # A hundred bytes each, and 200 for a user.
FORGOTTEN_AT_ONCE = 1000  # Ids: a millisecond.

Recipients = Sequence[tuple[str, ...]]


class UserIndex:
    """The messages after `start`, up to the head, as far as they are for users."""

    def __init__(self, most: int = MOST_IDS) -> None:
        self.start = 0
        self.is_all = False  # There is nothing before, or no room for it.
        self._is_cut = False  # There was no room.
        self._most = most
        self._by_name: dict[str, list[bytes]] = {}  # By the channel of each user.
        self._ids: deque[bytes] = deque()  # Oldest first, each as often as it has users,
        self._names: deque[str] = deque()  # and these.

    def __len__(self) -> int:
        return len(self._ids)

    def rewind(self, head: int) -> None:
        """Forget everything: the log goes on after `head`."""
        self.start, self.is_all, self._is_cut = head, False, False
        self._by_name.clear()
        self._ids.clear()
        self._names.clear()

    def add(self, ids: Sequence[bytes], recipients: Recipients | None) -> None:
        """New messages at the head, as in a `Page`."""
        if recipients is None:
            return
        for id_, names in zip(ids, recipients, strict=True):
            for name in names:
                if name.startswith(USER):
                    self._by_name.setdefault(name, []).append(id_)
                    self._ids.append(id_)
                    self._names.append(name)
        if len(self._ids) > self._most:
            last = self._forget(len(self._ids) - self._most)
            if last > self.start:  # Else the log has forgotten it, too.
                self.start, self.is_all, self._is_cut = last, True, True

    def add_older(self, before: int, page: Page, *, is_all: bool) -> None:
        """The messages before, up to the id `before`; ignored if older ones have come meanwhile."""
        if before != self.start:
            return
        older: dict[str, list[bytes]] = {}
        for id_, names in reversed(list(zip(page.ids, page.recipients or (), strict=False))):
            for name in names:
                if name.startswith(USER):
                    older.setdefault(name, []).append(id_)
                    self._ids.appendleft(id_)
                    self._names.appendleft(name)
        for name, ids in older.items():
            self._by_name[name] = ids[::-1] + self._by_name.get(name, [])
        if page:
            self.start = parse_id(page.ids[0]) - 1
        self._is_cut = not is_all and len(self._ids) >= self._most
        self.is_all = is_all or self._is_cut

    def reaches(self, after: int) -> bool:
        """Whether it has all that came after an id, as far as the log has it."""
        return after >= self.start or (self.is_all and not self._is_cut)

    def ids_of(self, name: str, after: int, upto: int) -> list[bytes]:
        """The ids after one id up to another of the messages for the user with this channel."""
        ids = self._by_name.get(name, [])
        start, end = (bisect_right(ids, id_, key=parse_id) for id_ in (after, upto))
        return ids[start:end]

    def forget_upto(self, id_: int) -> None:
        """The log has forgotten everything up to an id. A bounded part of that goes each time."""
        if id_ >= self.start:
            self.start, self.is_all, self._is_cut = id_, True, False
        if self._ids and parse_id(self._ids[0]) <= id_:
            some = islice(self._ids, FORGOTTEN_AT_ONCE)
            self._forget(sum(1 for _ in takewhile(lambda each: parse_id(each) <= id_, some)))

    def _forget(self, count: int) -> int:
        """So many of the oldest; the id of the last of them."""
        last, names = b"", Counter[str]()
        for _ in range(count):
            last = self._ids.popleft()
            names[self._names.popleft()] += 1
        for name, times in names.items():
            ids = self._by_name[name]
            del ids[:times]
            if not ids:
                del self._by_name[name]
        return parse_id(last) if last else 0
