"""Pushes that are not answered yet: those that wait, and those that are under way.

It bounds what waits, and says whose time is up. Rules only: no clock, no connection.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from common.store.push_commands import Push

MIB = 1024 * 1024
PATIENCE = 1.0  # Seconds; a Redis that is well answers hundreds in it.
AT_ONCE = 1000  # Pushes on one way to Redis and back,
AT_ONCE_BYTES = MIB  # and their bytes. One push may have more.


@dataclass(frozen=True)
class Room:
    """How much may wait. A push that is alone may have more messages and bytes."""

    pushes: int = 256  # Counted, with those under way, once the first has waited PATIENCE.
    messages: int = 100_000
    bytes: int = 64 * MIB


class Pending:
    """In the order in which they came; those that go again are ahead of what waits."""

    def __init__(self, room: Room, timeout: float) -> None:
        """`timeout`: seconds in which each is answered, counted from its arrival."""
        self._room = room
        self._timeout = timeout
        self._waiting = deque[Push]()
        self._messages = self._bytes = 0  # Of those that wait.
        self._again: list[Push] = []  # Those that wait for the end of what is under way.
        self._sent = 0.0  # When those under way were.
        self._count = 0  # So many of them have no answer.
        self.under_way = deque[Sequence[Push]]()  # For each command that is not answered.

    @property
    def are_waiting(self) -> bool:
        """Whether there is something to send."""
        return bool(self._waiting)

    def add(self, push: Push) -> bool:
        """Let it wait behind the others; False: there is no room."""
        messages, size = self._messages + push.count, self._bytes + push.size
        is_large = messages > self._room.messages or size > self._room.bytes
        is_full = len(self._waiting) + self._count >= self._room.pushes
        if (is_large and self._waiting) or (is_full and self.is_crowded(push.arrived)):
            return False
        self._waiting.append(push)
        self._messages, self._bytes = messages, size
        return True

    def take(self) -> list[Push]:
        """What goes together now: it waits no more."""
        if self._bytes <= AT_ONCE_BYTES and len(self._waiting) <= AT_ONCE:
            return self.take_all()
        taken: list[Push] = []
        size = 0
        while self._waiting and len(taken) < AT_ONCE:
            size += self._waiting[0].size
            if taken and size > AT_ONCE_BYTES:
                break
            taken.append(self._weigh(self._waiting.popleft(), -1))
        return taken

    def take_all(self) -> list[Push]:
        """All that wait."""
        taken = list(self._waiting)
        self._waiting.clear()
        self._messages = self._bytes = 0
        return taken

    def begin(self, carried: Sequence[Sequence[Push]], count: int, now: float) -> None:
        """These are under way, by each command some: `count` in all."""
        self.under_way.extend(carried)
        self._count = count
        self._sent = now

    def end_of_next(self) -> Sequence[Push]:
        """The next command is answered; whom it carried."""
        pushes = self.under_way.popleft()
        self._count -= len(pushes)
        return pushes

    def end_of_all(self) -> list[Push]:
        """No more answers will come; who has none."""
        pushes = list(chain.from_iterable(self.under_way))
        self.under_way.clear()
        self._count = 0
        return pushes

    def repeat(self, push: Push, now: float) -> bool:
        """Let it go again, if that is in its time, and for the first time."""
        may_go = not (push.is_second_try or push.is_answered) and push.arrived + self._timeout > now
        if may_go:
            push.is_second_try = True
            self._again.append(push)
        return may_go

    def settle(self) -> None:
        """Nothing is under way any more: what goes again waits, ahead of the others."""
        if not self._again:
            return
        for push in reversed(self._again):
            if not push.is_answered:  # Its time may be up by now.
                self._waiting.appendleft(self._weigh(push, 1))
        self._again.clear()

    def take_late(self, now: float) -> list[Push]:
        """Those whose time is up. None of them waits any more."""
        born = now - self._timeout
        sent = chain(chain.from_iterable(self.under_way), self._again)
        late = [push for push in sent if push.arrived <= born and not push.is_answered]
        while self._waiting and self._waiting[0].arrived <= born:
            late.append(self._weigh(self._waiting.popleft(), -1))
        return late

    def take_beyond(self, now: float) -> list[Push]:
        """Those that came last, if Redis is still and more wait than may then.

        Not those that go again: whoever is sent away is told that nothing was done.
        """
        beyond: list[Push] = []
        while self._waiting and self.is_crowded(now, spare=1):
            if self._waiting[-1].is_second_try:
                break
            beyond.append(self._weigh(self._waiting.pop(), -1))
        return beyond

    def is_still(self, now: float) -> bool:
        """Whether what is under way should have been answered."""
        return bool(self.under_way) and self._sent + self._timeout <= now

    def is_crowded(self, now: float, spare: int = 0) -> bool:
        """Whether nobody else may wait, as Redis is still."""
        if len(self._waiting) + self._count < self._room.pushes + spare:
            return False
        first = next(self._unanswered(), None)
        return first is not None and first.arrived + PATIENCE <= now

    def next_look(self, now: float) -> float | None:
        """Seconds until somebody's time may be up; None if nobody waits for anything."""
        ends = [self._sent + self._timeout] if self.under_way else []
        first = next(self._unanswered(), None)
        if first is not None:
            patience = first.arrived + PATIENCE
            ends += [first.arrived + self._timeout, patience if patience > now else now + PATIENCE]
        return min(ends) - now if ends else None

    def _unanswered(self) -> Iterator[Push]:
        """The first has waited longest."""
        every = chain(self._again, chain.from_iterable(self.under_way), self._waiting)
        return (push for push in every if not push.is_answered)

    def _weigh(self, push: Push, sign: int) -> Push:
        """Count one that waits now, or does so no more."""
        self._messages += sign * push.count
        self._bytes += sign * push.size
        return push
