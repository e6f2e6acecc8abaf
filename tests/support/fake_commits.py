"""Group commit without Redis and without an event loop: both are the test's."""

from collections.abc import Callable, Sequence
from typing import Any

from common.store.commits import Commits
from common.store.event_line import Answer, Listener
from common.store.keys import Keys
from common.store.pending import Room
from common.store.push_commands import PushCommands, Result
from common.store.redis_errors import Failure
from tests.support.fakes import FakeClock

REFUSED = Failure("OOM")
FORGOTTEN = Failure("NOSCRIPT", is_forgotten=True)


def commands_in(data: bytes) -> list[list[bytes]]:
    """The commands that packed bytes are."""
    commands: list[list[bytes]] = []
    while data:
        head, _, data = data.partition(b"\r\n")
        assert head[:1] == b"*"
        words: list[bytes] = []
        for _ in range(int(head[1:])):
            size, _, data = data.partition(b"\r\n")
            assert size[:1] == b"$"
            length = int(size[1:])
            assert data[length : length + 2] == b"\r\n"
            words.append(data[:length])
            data = data[length + 2 :]
        commands.append(words)
    return commands


class FakeLine:
    """Does commands when it is told to. Unrealistic: each id is remembered for ever."""

    def __init__(self) -> None:
        self.listener: Listener
        self.is_ready = False
        self.is_opening = False
        self.awaited: list[list[bytes]] = []  # Commands that have no answer.
        self.sent: list[list[str]] = []  # The names of those that went together.
        self.queue: list[bytes] = []
        self.soon: list[Callable[[], None]] = []
        self.later: tuple[float, Callable[[], None]] | None = None
        self._once: set[bytes] = set()

    def open(self) -> None:
        assert not self.is_ready
        self.is_opening = True

    def send(self, data: bytes) -> None:
        assert self.is_ready
        assert not self.awaited
        self.awaited = commands_in(data)
        self.sent.append([command[0].decode() for command in self.awaited])

    def close(self) -> None:
        self.is_ready = self.is_opening = False
        self.awaited = []

    def call_soon(self, call: Callable[[], None]) -> None:
        self.soon.append(call)

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        self.later = seconds, call

    def finish_opening(self, problem: str | None = None) -> None:
        self.is_opening, self.is_ready = False, problem is None
        self.listener.opened(problem)

    def answer(self, count: int, faults: Sequence[Failure | None] = ()) -> None:
        """Do the next commands but those with a fault, and tell all of these answers at once."""
        answers: list[Answer] = []
        for at in range(min(count, len(self.awaited))):
            fault = faults[at] if at < len(faults) else None
            is_plain = self.awaited[0][0] == b"LPUSH"
            if fault is FORGOTTEN and self.awaited[0][0] != b"EVALSHA":
                fault = None  # It needs no script, or has brought it.
            answers.append(fault or self._do(self.awaited[0]))
            assert is_plain or len(self.awaited[0]) == 8
            del self.awaited[0]
        if answers:
            self.listener.answered(answers)

    def lose(self, done: int) -> None:
        """The connection, when so many of the awaited commands were done."""
        for command in self.awaited[:done]:
            self._do(command)
        self.close()
        self.listener.lost("lost")

    def _do(self, command: list[bytes]) -> int:
        if command[0] == b"LPUSH":
            self.queue += command[2:]
            return len(self.queue)
        id_, item = command[4], command[6]
        if id_ not in self._once:
            self._once.add(id_)
            self.queue.append(item)
        return 0


class Stage:
    """Commits whose connection, clock and event loop are the test's."""

    def __init__(self, timeout: float, room: Room) -> None:
        self.line, self.clock = FakeLine(), FakeClock()
        self.line.is_ready = True
        commands = PushCommands(Keys("queue"))
        self.commits = Commits(self.line, commands, timeout, room, self.clock)
        self.results: dict[str, list[Result]] = {}

    def push(self, content: str, id_: str | None = None) -> None:
        """One message; what it is told is in `results`."""
        told = self.results[content] = list[Result]()
        self.commits.submit([content.encode()], [id_], 60, told.append)

    def end_turn(self) -> None:
        """Of the event loop."""
        for call in list(self.line.soon):
            self.line.soon.remove(call)
            call()

    def answer_all(self) -> None:
        """Until nothing waits and nothing is under way."""
        self.end_turn()
        while self.line.awaited or self.line.is_opening:
            if self.line.is_opening:
                self.line.finish_opening()
            self.line.answer(100)
            self.end_turn()

    def pass_time(self, seconds: float) -> None:
        """Time passes, and who was to be called then is."""
        end = self.clock.now + seconds
        while self.line.later is not None and self.line.later[0] <= end - self.clock.now:
            (wait, call), self.line.later = self.line.later, None
            self.clock.now += wait
            end = max(end, self.clock.now)
            call()
        if self.line.later is not None:
            left, call = self.line.later
            self.line.later = left - (end - self.clock.now), call
        self.clock.now = end

    def answered(self) -> list[str]:
        """Who has been told something."""
        return [content for content, results in self.results.items() if results]

    def told(self) -> dict[str, Any]:
        """What each was told, as text: each once."""
        assert all(len(results) == 1 for results in self.results.values())
        return {content: str(result) for content, (result,) in self.results.items()}
