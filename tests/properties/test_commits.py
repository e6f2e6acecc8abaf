"""Group commit whatever comes when, and whatever Redis does to it; with hypothesis."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import QueueUnavailable
from common.refused import Refused
from common.store.pending import PATIENCE, Room
from common.store.redis_errors import Failure
from tests.support.fake_commits import FORGOTTEN, REFUSED, Stage

TIMEOUT = 2.0
TICK = 0.01  # Seconds; times are not told more exactly.


@dataclass(frozen=True)
class Arrivals:
    """Pushes of one turn of the event loop, from callers that wait for no answer just now."""

    callers: list[int]
    with_ids: bool


@dataclass(frozen=True)
class Answers:
    """Some, in one read."""

    count: int
    faults: list[Failure | None]


@dataclass(frozen=True)
class Loss:
    """Of the connection, when so many of the commands without an answer were done."""

    done: int


@dataclass(frozen=True)
class Opening:
    """How it ends, if one is under way."""

    problem: str | None


arrivals = st.builds(
    Arrivals, st.lists(st.integers(0, 11), min_size=1, max_size=6, unique=True), st.booleans()
)
answers = st.builds(
    Answers,
    st.integers(1, 5),
    st.lists(st.sampled_from([None, None, None, REFUSED, FORGOTTEN]), max_size=5),
)
events = st.lists(
    arrivals
    | arrivals
    | answers
    | answers
    | st.builds(Loss, st.integers(0, 4))
    | st.builds(Opening, st.sampled_from([None, None, "refused"]))
    | st.sampled_from(["end of turn", "another master"])
    | st.floats(0.05, TIMEOUT),
    min_size=5,
    max_size=60,
)


class World:
    """The stage, and when each push came and was answered."""

    def __init__(self, room: Room) -> None:
        self.stage = Stage(TIMEOUT, room)
        self.room = room
        self.arrived: dict[str, float] = {}
        self.answered: dict[str, float] = {}
        self.sent: set[str] = set()

    def happen(self, event: object) -> None:
        if isinstance(event, Arrivals):
            for caller in event.callers:
                self._push(caller, event.with_ids)
        elif isinstance(event, float):
            self._pass(event)
        elif event == "end of turn":
            self.stage.end_turn()
        else:
            self._happen_to_redis(event)
        self._note()
        self._check_room()

    def _happen_to_redis(self, event: object) -> None:
        line = self.stage.line
        match event:
            case Answers(count, faults):
                line.answer(count, faults)
            case Loss(done) if line.is_ready:
                line.lose(done)
            case Opening(problem) if line.is_opening:
                line.finish_opening(problem)
            case "another master":
                line.is_ready = False

    def end(self) -> None:
        """Redis is well from now on."""
        self.stage.answer_all()
        self._note()

    def _push(self, caller: int, with_ids: bool) -> None:
        waits = [name for name in self.arrived if name.startswith(f"{caller}:")]
        if waits and waits[-1] not in self.answered:
            return  # It has one request at a time.
        content = f"{caller}:{len(self.arrived):04}"
        self.arrived[content] = self.stage.clock.now
        self.stage.push(content, content if with_ids else None)
        self._note()

    def _pass(self, seconds: float) -> None:
        while seconds > 0:
            self.stage.pass_time(min(seconds, TICK))
            self._note()
            seconds -= TICK

    def _note(self) -> None:
        for content in self.stage.answered():
            self.answered.setdefault(content, self.stage.clock.now)

    def _check_room(self) -> None:
        """Of those that were never sent. Those that were may go again: so there may be more."""
        for command in self.stage.line.awaited:
            items = command[2:] if command[0] == b"LPUSH" else command[6:7]
            self.sent |= {item.decode() for item in items}
        now = self.stage.clock.now
        waiting = [name for name in self.arrived if name not in self.answered]
        oldest = min((self.arrived[name] for name in waiting), default=now)
        if oldest + PATIENCE + 2 * TICK < now:
            assert len([name for name in waiting if name not in self.sent]) <= self.room.pushes


@settings(max_examples=settings().max_examples * 10)  # Each takes some milliseconds.
@given(
    happens=events,
    pushes=st.integers(2, 10),
    messages=st.integers(3, 20),
)
def test_each_push_is_answered_once_truly_and_in_time(
    happens: list[object], pushes: int, messages: int
) -> None:
    world = World(Room(pushes=pushes, messages=messages))
    for event in happens:
        world.happen(event)
    world.end()

    queued = [item.decode() for item in world.stage.line.queue]
    check_answers(world, queued)
    check_order(world, queued)


def check_answers(world: World, queued: list[str]) -> None:
    times = Counter(queued)
    assert world.stage.results.keys() == world.arrived.keys()
    for content, results in world.stage.results.items():
        (result,) = results
        assert times[content] <= 1
        if result is None:
            assert times[content] == 1
        elif isinstance(result, Refused):
            assert times[content] == 0
        else:
            assert isinstance(result, QueueUnavailable)
        assert world.answered[content] - world.arrived[content] <= TIMEOUT + 2 * TICK


def check_order(world: World, queued: list[str]) -> None:
    """What a caller was told to be queued is there in the order in which it pushed."""
    confirmed = {name for name, results in world.stage.results.items() if results == [None]}
    for caller in range(12):
        own = [name for name in queued if name in confirmed and name.startswith(f"{caller}:")]
        assert own == sorted(own, key=lambda name: name.partition(":")[2])
