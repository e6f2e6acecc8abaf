"""The canary of one process; pushes and settles are played."""

from collections.abc import Callable, Iterator
from time import monotonic

import gevent
import pytest
from gevent.event import Event

from common.errors import QueueUnavailable
from common.message import Mark
from common.metrics.numbers import Numbers
from common.page import Page
from common.serving.siblings import Siblings
from common.store.canaries import Canaries
from tests.support.fake_log import FakeLog
from tests.support.parts import let_others_run, wait_until
from ws_server import canary as module
from ws_server.canary import DEAF_SECONDS, PATIENCE, Canary
from ws_server.loopback import Loopback


class FakeCanaries(Canaries):
    """`settle` gives back what was pushed. Unrealistic: nothing is kept elsewhere."""

    def __init__(self) -> None:
        self.on_page: Callable[[Page], None] = lambda _: None
        self.problem = ""
        self.fault: QueueUnavailable | None = None
        self.redis_answers = Event()
        self.redis_answers.set()
        self.pushed: list[bytes] = []
        self.is_resting = False
        self._settled = 0

    def push(self, canary: bytes) -> None:
        self.redis_answers.wait()
        if self.fault:
            raise self.fault
        self.pushed.append(canary)
        self.is_resting = False

    def rest(self) -> None:
        self.is_resting = True

    def settle(self, *others: bytes) -> None:
        self._settled += 1
        contents = [*others, self.pushed[-1]]
        ids = [b"%d-%d" % (self._settled, at) for at in range(len(contents))]
        self.on_page(Page(ids, contents))


class Relaying:
    """A service. Unrealistic: it does nothing."""

    def __init__(self) -> None:
        self.is_relaying = True
        self.mark = Mark("e", 1)


class Stage:
    """`look` is as if so many seconds had passed since the beginning."""

    def __init__(self, interval: float = 1.0) -> None:
        siblings = Siblings(2)
        self.seat, self.other = siblings.reserve(), siblings.reserve()
        self.canaries, self.relaying = FakeCanaries(), Relaying()
        self.canary = Canary(self.canaries, FakeLog(), self.relaying, interval)
        self.canary.seat = self.seat
        self.began = monotonic()

    def look(self, seconds: float) -> None:
        self.canary.look(self.began + seconds)
        let_others_run()  # It is pushed.

    def problem(self, seconds: float) -> str | None:
        return self.seat.problem(self.began + seconds)

    def come_back(self) -> None:
        """What is under way arrives."""
        self.canaries.settle()
        wait_until(lambda: self.canaries.is_resting, "the canary is heard")

    def begin(self) -> None:
        """One has come back, and the next is under way."""
        self.look(0)
        self.come_back()
        self.look(0)

    def look_for(self, rounds: int) -> None:
        """So many looks, a second apart, after all others; each finds nothing."""
        for _ in range(rounds):
            self._rounds += 1
            self.look(self._rounds)

    _rounds = 0


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.canary.stop()  # Perhaps once more: it does no harm.


def test_one_follows_the_other_as_each_comes_back(stage: Stage) -> None:
    for number in range(3):
        stage.look(number)
        stage.come_back()

    assert len(set(stage.canaries.pushed)) == 3
    assert stage.canary.missed == 0
    assert sum(stage.canary.times.counts) == 3


def test_how_long_they_take_and_how_many_are_missed_is_shown(stage: Stage) -> None:
    numbers = Numbers()
    stage.canary.count_in(numbers)
    stage.look(-3)
    stage.come_back()
    stage.look(0)
    stage.look(PATIENCE + 1)

    shown = numbers.snapshot()

    assert shown["canary_missed_total"] == {"": 1}
    seconds, *counts = shown["canary_seconds"][""]  # type: ignore[misc]
    assert 3 <= seconds < 4
    assert counts == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]


def test_what_fails_on_the_way_to_the_socket_harms_no_settle(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.look(0)
    # It raises what ends a greenlet without a word: others fail the test.
    monkeypatch.setattr(Loopback, "publish", lambda *_: exit_now())

    stage.canaries.settle()
    let_others_run()

    assert not stage.canaries.is_resting


def exit_now() -> None:
    raise gevent.GreenletExit


def test_those_of_other_processes_are_not_ours(stage: Stage) -> None:
    stage.look(0)
    mine = stage.canaries.pushed.pop()
    stage.canaries.pushed.append(b"another process")
    stage.canaries.settle()
    let_others_run()
    assert not stage.canaries.is_resting

    stage.canaries.pushed.append(mine)
    stage.canaries.settle(b"another process")

    wait_until(lambda: stage.canaries.is_resting, "the canary is heard")


def test_without_it_the_process_is_not_ready_until_the_next_one_comes_back(stage: Stage) -> None:
    stage.look(0)
    assert stage.problem(PATIENCE - 0.1) is None
    assert "has not heard its canary" in str(stage.problem(PATIENCE + 0.1))

    stage.look(PATIENCE + 1)
    assert stage.canary.missed == 1
    stage.come_back()

    assert stage.problem(PATIENCE) is None


def test_where_settles_are_far_apart_it_has_more_time() -> None:
    stage = Stage(interval=60.0)
    stage.look(0)

    for seconds in range(1, 62):
        stage.look(seconds)

    assert stage.canary.missed == 0
    assert len(stage.canaries.pushed) == 1
    assert stage.problem(63.0) is None
    assert stage.problem(65.0) is not None
    stage.canary.stop()


def test_one_that_is_late_is_pushed_again_as_redis_may_have_lost_it(stage: Stage) -> None:
    stage.look(0)
    stage.look(2)
    assert len(stage.canaries.pushed) == 1

    stage.look(4)

    assert stage.canaries.pushed[0] == stage.canaries.pushed[1]


def test_one_that_redis_has_not_taken_is_pushed_again_and_missed_as_well(stage: Stage) -> None:
    stage.canaries.fault = QueueUnavailable("gone")
    for seconds in range(7):
        stage.look(seconds)
    assert stage.canary.missed == 1

    stage.canaries.fault = None
    stage.look(7)
    stage.come_back()

    assert stage.problem(1) is None


def test_it_is_missed_in_time_though_its_push_still_waits_for_redis(stage: Stage) -> None:
    stage.canaries.redis_answers.clear()

    with gevent.Timeout(5):
        stage.look_for(6)
        assert stage.canary.missed == 0
        stage.look_for(1)

    assert stage.canary.missed == 1
    assert stage.canaries.pushed == []


def test_once_redis_answers_what_is_under_way_by_then_is_pushed_and_comes_back(
    stage: Stage,
) -> None:
    stage.canaries.redis_answers.clear()
    with gevent.Timeout(5):
        stage.look_for(8)
    stage.canaries.redis_answers.set()
    let_others_run()

    stage.look_for(1)
    stage.come_back()

    assert len(set(stage.canaries.pushed)) == len(stage.canaries.pushed) == 2
    assert stage.problem(1) is None


def test_where_nothing_is_to_be_relayed_none_is_sent_and_none_is_missed(stage: Stage) -> None:
    stage.look(0)
    stage.relaying.is_relaying = False
    stage.look(1)

    stage.look(100)

    assert len(stage.canaries.pushed) == 1
    assert stage.problem(100) is None


def test_a_process_that_stays_deaf_while_redis_is_well_is_to_end(stage: Stage) -> None:
    stage.begin()
    stage.look_for(int(DEAF_SECONDS))
    assert not stage.canary.is_deaf

    stage.look_for(1)

    assert stage.canary.is_deaf


def test_it_is_not_while_one_in_a_while_comes_back(stage: Stage) -> None:
    stage.look(0)
    for _ in range(3):
        stage.look_for(20)
        stage.come_back()

    assert not stage.canary.is_deaf


def test_it_is_not_while_messages_come_all_the_same(stage: Stage) -> None:
    stage.begin()
    for number in range(8):
        stage.relaying.mark = Mark("e", number)
        stage.look_for(10)

    assert not stage.canary.is_deaf


def test_without_redis_nobody_ends(stage: Stage) -> None:
    stage.begin()
    stage.canaries.fault = QueueUnavailable("gone")

    stage.look_for(100)

    assert not stage.canary.is_deaf


def test_where_only_the_keys_of_canaries_are_broken_nobody_ends(stage: Stage) -> None:
    stage.begin()
    stage.canaries.problem = "WRONGTYPE"

    stage.look_for(100)

    assert not stage.canary.is_deaf


def test_whoever_alone_cannot_reach_redis_is_to_end(stage: Stage) -> None:
    stage.begin()
    stage.canaries.fault = QueueUnavailable("gone")
    stage.other.hear(stage.began, 1000.0)

    stage.look_for(int(DEAF_SECONDS) + 1)

    assert stage.canary.is_deaf


def test_after_an_outage_it_has_all_the_time_again(stage: Stage) -> None:
    stage.begin()
    stage.canaries.fault = QueueUnavailable("gone")
    stage.look_for(100)
    stage.canaries.fault = None

    stage.look_for(int(DEAF_SECONDS))

    assert not stage.canary.is_deaf


def test_a_worker_that_has_never_relayed_is_not(stage: Stage) -> None:
    stage.look(0)

    stage.look_for(100)

    assert not stage.canary.is_deaf


def test_where_the_worker_relays_less_often_it_is_deaf_only_much_later(stage: Stage) -> None:
    stage.begin()
    stage.look_for(20)
    stage.come_back()

    stage.look_for(60)
    assert not stage.canary.is_deaf
    stage.look_for(2)

    assert stage.canary.is_deaf


def test_one_line_says_that_none_comes_back_and_one_that_one_has(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    stage.begin()
    stage.canaries.problem = "WRONGTYPE"

    stage.look_for(20)
    stage.come_back()

    assert caplog.messages == [
        "A canary has not come back for 6 s: WRONGTYPE",
        "A canary has come back",
    ]


def test_a_process_that_stood_still_says_so(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.001)
    monkeypatch.setattr(module, "STOOD_STILL", 0.05)
    running = gevent.spawn(stage.canary.run)
    wait_until(lambda: bool(stage.canaries.pushed), "it runs")

    end = monotonic() + 0.1
    while monotonic() < end:  # As a hook that computes.
        pass
    wait_until(lambda: "This process stood still for 0." in caplog.text, "it says so")

    stage.canary.stop()
    running.join()


def test_it_runs_until_the_stop_and_is_not_deaf_then(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.001)
    running = gevent.spawn(stage.canary.run)
    for count in range(1, 4):
        wait_until(lambda count=count: len(stage.canaries.pushed) == count, "another one")  # type: ignore[misc]
        stage.come_back()
    stage.canary.stop()

    assert running.get() is False


def test_run_ends_for_a_process_that_is_deaf(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.begin()
    stage.look_for(int(DEAF_SECONDS))
    monkeypatch.setattr(module, "EVERY", 0.001)

    assert gevent.spawn(stage.canary.run).get() is True
