"""Group commit: pushes that come while others are under way go together after them.

Nobody waits on purpose. Each push is answered once: when Redis has answered the command that
carried it, or when its time is up. For one event loop: no lock, and nothing here waits. It knows
no route, and tries nothing again that may be done twice.
"""

import logging
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Protocol

from common.refused import Refused
from common.store.event_line import Answer, Listener
from common.store.pending import Pending, Room
from common.store.push_commands import Done, Push, PushCommands
from common.store.redis_errors import Failure

log = logging.getLogger(__name__)

SOON = 0.001  # Seconds; nobody is called later than at once for less.
IN_TIME = "Redis did not answer in time"


def too_many_wait() -> Refused:
    """Nothing was asked."""
    reason = "the queue is unavailable: many wait for it already, try again"
    return Refused("queue_unavailable", reason, {"Retry-After": "1"})


class Carrier(Protocol):
    """The connection, and the event loop: see `EventLine` for what is promised."""

    listener: Listener

    @property
    def is_ready(self) -> bool: ...
    def open(self) -> None: ...
    def send(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def call_soon(self, call: Callable[[], None]) -> None: ...
    def call_later(self, seconds: float, call: Callable[[], None]) -> None: ...


class Commits:
    """Pushes on their way to one queue, in the order in which they came."""

    def __init__(
        self,
        line: Carrier,
        commands: PushCommands,
        timeout: float,
        room: Room | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`timeout`: seconds in which each is answered, counted from its arrival."""
        self._line = line
        line.listener = self
        self._commands = commands
        self._pending = Pending(room or Room(), timeout)
        self._clock = clock
        self._last = 1  # So many went together last.
        self._is_gathering = self._is_watching = False

    def submit(
        self, items: Sequence[bytes], ids: Sequence[str | None], seconds: int, done: Done
    ) -> None:
        """Have it pushed. `done` is called once, perhaps at once; it must neither wait nor fail."""
        push = self._commands.push(items, ids, seconds, done, self._clock())
        if not self._pending.add(push):
            self._tell([push], too_many_wait())
            return
        if not self._is_watching:
            self._watch(push.arrived)
        if self._pending.under_way or self._is_gathering:
            return
        if self._last == 1:
            self._go_on()
        else:  # Others may be read in the same turn of the loop: each way to Redis costs.
            self._is_gathering = True
            self._line.call_soon(self._end_of_turn)

    def close(self) -> None:
        """Let the connection go. Nobody who waits is told."""
        self._line.close()

    def opened(self, problem: str | None) -> None:
        """If the line could not be opened, all that wait have waited for it."""
        self._commands.is_script_known = False
        if problem is None:
            self._go_on()
        else:
            self._tell(self._pending.take_all(), Failure(problem))

    def answered(self, answers: Sequence[Answer]) -> None:
        """Tell those who were carried; but first send what waits, so that Redis works meanwhile."""
        carried: list[tuple[Sequence[Push], Answer]] = []
        for answer in answers:
            if not self._pending.under_way:  # Nobody has asked for it.
                self._line.close()
                break
            pushes = self._pending.end_of_next()
            if isinstance(answer, Failure) and answer.is_forgotten:
                # Nothing was done. Those sent with it are ahead of it now: their callers have not
                # waited for its answer, and it is not answered.
                self._commands.is_script_known = False
                pushes = self._without_repeated(pushes)
            carried.append((pushes, answer))
        if not self._pending.under_way:
            self._settle()
        for pushes, answer in carried:
            self._tell(pushes, answer)

    def lost(self, problem: str) -> None:
        """A push that was under way may be done, or not: only by ids it can be tried again."""
        pushes = self._pending.end_of_all()
        left = [push for push in pushes if not push.is_repeatable]
        left += self._without_repeated([push for push in pushes if push.is_repeatable])
        self._settle()
        self._tell(left, Failure(problem))

    def give_up_late(self) -> None:
        """Answer those whose time is up, and those for whom there is no room any more.

        A push that was under way may be done, or not; one that still waited is not done.
        """
        now = self._clock()
        late, beyond = self._pending.take_late(now), self._pending.take_beyond(now)
        self._tell(late, Failure(IN_TIME))
        self._tell(beyond, too_many_wait())
        if self._pending.is_still(now):
            self._line.close()  # Nothing tells us that the other side is gone.
            self.lost(IN_TIME)
        self._watch(now)

    def _end_of_turn(self) -> None:
        self._is_gathering = False
        if not self._pending.under_way:
            self._go_on()

    def _go_on(self) -> None:
        """Send what waits. Nothing is under way."""
        if not self._pending.are_waiting:
            return
        if not self._line.is_ready:
            self._line.open()
            return
        pushes = self._pending.take()
        data, carried = self._commands.pack(pushes)
        self._last = len(pushes)
        self._pending.begin(carried, self._last, self._clock())
        self._line.send(data)  # At the end: it may be lost in it.

    def _settle(self) -> None:
        self._pending.settle()
        self._go_on()

    def _without_repeated(self, pushes: Sequence[Push]) -> list[Push]:
        """Those that do not go again."""
        now = self._clock()
        return [push for push in pushes if not self._pending.repeat(push, now)]

    def _watch(self, now: float) -> None:
        """See to it that somebody looks when a time may be up. Mostly none is then, by far."""
        seconds = self._pending.next_look(now)
        self._is_watching = seconds is not None
        if seconds is not None:
            self._line.call_later(max(seconds, SOON), self.give_up_late)

    def _tell(self, pushes: Sequence[Push], answer: Answer | Refused) -> None:
        """Answer each that is not answered yet. What it does then may come back to us."""
        for push in pushes:
            if push.is_answered:
                continue
            push.is_answered = True
            try:
                push.done(push.result(answer))
            except Exception:  # Those that follow are answered all the same.
                log.exception("a push could not be answered")
