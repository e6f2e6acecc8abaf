"""Group commit, with a connection, a clock and an event loop that are the test's."""

import pytest

from common.errors import QueueUnavailable
from common.refused import Refused
from common.store.pending import PATIENCE, Room
from common.store.push_commands import Result
from tests.support.fake_commits import FORGOTTEN, REFUSED, Stage

TIMEOUT = 5.0
MANY = "the queue is unavailable: many wait for it already, try again"


def unavailable(reason: str) -> str:
    return str(QueueUnavailable(reason))


LATE = unavailable("Redis did not answer in time")


@pytest.fixture
def stage() -> Stage:
    return Stage(TIMEOUT, Room(pushes=3, messages=5))


def push_together(stage: Stage, **ids: str | None) -> None:
    """Pushes that one way to Redis carries: they come while another one is under way."""
    stage.push("first")
    for content, id_ in ids.items():
        stage.push(content, id_)
    stage.line.answer(1)
    assert stage.results.pop("first") == [None]


def test_a_push_that_is_alone_leaves_at_once(stage: Stage) -> None:
    stage.push("a")

    assert stage.line.sent == [["LPUSH"]]
    assert stage.results == {"a": []}
    stage.line.answer(1)
    assert stage.told() == {"a": "None"}


def test_what_comes_while_one_is_under_way_goes_together_after_it(stage: Stage) -> None:
    for content in "abcd":
        stage.push(content)
    stage.answer_all()

    assert stage.told() == dict.fromkeys("abcd", "None")
    assert stage.line.sent == [["LPUSH"], ["LPUSH"]]
    assert stage.line.queue == [b"a", b"b", b"c", b"d"]


def test_where_several_went_together_a_turn_of_the_loop_is_gathered(stage: Stage) -> None:
    push_together(stage, a=None, b=None)
    stage.line.answer(1)
    for content in "cd":
        stage.push(content)

    assert len(stage.line.sent) == 2
    stage.end_turn()
    assert len(stage.line.sent) == 3
    stage.line.answer(1)
    assert stage.line.queue == [b"first", b"a", b"b", b"c", b"d"]


def test_redis_is_sent_the_next_before_the_last_are_told(stage: Stage) -> None:
    sent: list[int] = []
    stage.commits.submit([b"a"], [None], 60, lambda _: sent.append(len(stage.line.sent)))
    stage.push("b")
    stage.line.answer(1)

    assert sent == [2]


def test_who_is_told_may_push_again_within_that(stage: Stage) -> None:
    def push_again(_result: Result) -> None:
        stage.push("b")

    stage.commits.submit([b"a"], [None], 60, push_again)
    stage.answer_all()

    assert stage.told() == {"b": "None"}


def test_answers_may_come_in_parts(stage: Stage) -> None:
    push_together(stage, a=None, b="1", c=None)
    stage.line.answer(2)

    assert stage.results == {"a": [None], "b": [None], "c": []}
    stage.line.answer(1)
    assert stage.told() == dict.fromkeys("abc", "None")


def test_what_redis_refuses_fails_by_itself(stage: Stage) -> None:
    push_together(stage, a=None, b="1", c=None)
    stage.line.answer(3, [None, REFUSED])

    assert stage.told() == {"a": "None", "b": unavailable("OOM"), "c": "None"}
    assert stage.line.queue == [b"first", b"a", b"c"]


def test_an_lpush_that_is_refused_fails_all_that_shared_it(stage: Stage) -> None:
    push_together(stage, a=None, b=None)
    stage.line.answer(1, [REFUSED])

    assert stage.told() == dict.fromkeys("ab", unavailable("OOM"))


@pytest.mark.parametrize("done", [0, 1, 2, 3])
def test_after_a_lost_connection_only_what_has_an_id_goes_again(stage: Stage, done: int) -> None:
    push_together(stage, a=None, b="1", c=None)
    stage.line.lose(done)
    assert stage.answered() == ["a", "c"]
    stage.answer_all()

    assert stage.told() == {"a": unavailable("lost"), "b": "None", "c": unavailable("lost")}
    assert sorted(stage.line.queue) == sorted({b"first", b"b", *[b"a", b"b", b"c"][:done]})


def test_it_goes_again_only_once(stage: Stage) -> None:
    stage.push("a", "1")
    for _ in range(2):
        stage.line.lose(0)
        if stage.line.is_opening:
            stage.line.finish_opening()

    assert stage.told() == {"a": unavailable("lost")}


def test_what_is_lost_when_its_time_is_up_does_not_go_again(stage: Stage) -> None:
    stage.push("a", "1")
    stage.clock.now += TIMEOUT
    stage.line.lose(0)

    assert stage.told() == {"a": unavailable("lost")}


def test_what_waits_is_sent_over_the_next_connection(stage: Stage) -> None:
    for content in "ab":
        stage.push(content)
    stage.line.lose(1)
    stage.answer_all()

    assert stage.told() == {"a": unavailable("lost"), "b": "None"}


def test_a_connection_is_opened_once_for_all_that_come_meanwhile(stage: Stage) -> None:
    stage.line.is_ready = False
    for content in "abc":
        stage.push(content)

    assert stage.line.is_opening
    stage.line.finish_opening()
    assert stage.line.sent == [["LPUSH"]]
    stage.line.answer(1)
    assert stage.told() == dict.fromkeys("abc", "None")


def test_all_that_waited_for_a_connection_are_told_that_there_is_none(stage: Stage) -> None:
    stage.line.is_ready = False
    for content in "ab":
        stage.push(content)
    stage.line.finish_opening("refused")

    assert stage.told() == dict.fromkeys("ab", unavailable("refused"))
    stage.push("c")  # Another try.
    stage.answer_all()
    assert stage.results["c"] == [None]


def test_a_line_that_must_part_is_opened_anew_when_all_is_answered(stage: Stage) -> None:
    push_together(stage, a=None, b="1")
    stage.push("c")
    stage.line.is_ready = False  # As after READONLY, or since the master has moved.
    stage.line.answer(1, [REFUSED])

    assert not stage.line.is_opening
    stage.line.answer(1)
    assert stage.line.is_opening
    stage.answer_all()
    assert stage.told() == {"a": unavailable("OOM"), "b": "None", "c": "None"}


def test_each_connection_is_told_the_script_once(stage: Stage) -> None:
    for number, content in enumerate("abcd"):
        if content == "c":
            stage.line.is_ready = False
        stage.push(content, str(number))
        stage.answer_all()

    assert stage.line.sent == [["EVAL"], ["EVALSHA"], ["EVAL"], ["EVALSHA"]]


def test_a_script_that_the_server_has_forgotten_is_told_it_again(stage: Stage) -> None:
    stage.push("a", "1")
    stage.line.answer(1)
    push_together(stage, b="2", c=None, d="3")
    stage.line.answer(3, [FORGOTTEN, None, FORGOTTEN])
    stage.answer_all()

    assert stage.told() == dict.fromkeys("abcd", "None")
    assert stage.line.sent[-1] == ["EVAL", "EVALSHA"]
    assert stage.line.queue == [b"a", b"first", b"c", b"b", b"d"]


def test_each_is_answered_in_the_time_from_its_own_arrival(stage: Stage) -> None:
    answered: list[list[str]] = []
    for content in "abc":
        stage.push(content)
        stage.pass_time(0.5)
    for seconds in (TIMEOUT - 1.75, 0.25, 0.5, 0.5):
        stage.pass_time(seconds)
        answered.append(stage.answered())

    assert answered == [[], ["a"], ["a", "b"], ["a", "b", "c"]]
    assert set(stage.told().values()) == {LATE}


def test_an_answer_that_comes_too_late_is_ignored_and_the_next_go_on(stage: Stage) -> None:
    stage.push("a")
    stage.pass_time(1)
    stage.push("b", "1")
    stage.line.answer(1)  # So `b` has been under way for a second less than it waits.
    stage.pass_time(TIMEOUT - 0.5)
    stage.push("c")
    stage.pass_time(0.5)

    assert stage.answered() == ["a", "b"]
    assert stage.line.awaited == []
    stage.answer_all()
    assert stage.told() == {"a": "None", "b": LATE, "c": "None"}


def test_a_connection_without_an_answer_in_all_the_time_is_left(stage: Stage) -> None:
    stage.push("a", "1")
    stage.pass_time(TIMEOUT - 1)
    stage.push("b")
    stage.pass_time(1)

    assert stage.line.is_opening
    stage.answer_all()
    assert stage.told() == {"a": LATE, "b": "None"}
    assert stage.line.queue == [b"b"]


def test_while_redis_is_still_few_wait_and_others_are_told_soon(stage: Stage) -> None:
    for content in "abcde":
        stage.push(content)
    stage.pass_time(PATIENCE)
    stage.push("f")

    assert stage.answered() == ["d", "e", "f"]
    stage.answer_all()
    assert stage.told() == {**dict.fromkeys("abc", "None"), **dict.fromkeys("def", MANY)}


def test_what_waits_is_bounded(stage: Stage) -> None:
    for content in "abcdefg":
        stage.push(content)
    (refused,) = stage.results["g"]

    assert isinstance(refused, Refused)
    assert (refused.status, refused.headers) == (503, {"Retry-After": "1"})
    assert stage.results["f"] == []


def test_nobody_looks_at_the_time_when_nobody_waits(stage: Stage) -> None:
    stage.push("a")
    stage.answer_all()
    stage.pass_time(2 * TIMEOUT)

    assert stage.line.later is None


def test_more_answers_than_commands_close_the_connection(stage: Stage) -> None:
    stage.push("a")
    stage.line.listener.answered([1, 2])

    assert stage.told() == {"a": "None"}
    assert not stage.line.is_ready


def test_an_answer_that_fails_keeps_nobody_from_the_own(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_result: Result) -> None:
        raise ValueError("unforeseen")

    stage.push("a")
    stage.commits.submit([b"x"], [None], 60, fail)
    stage.push("b")
    stage.answer_all()

    assert stage.told() == dict.fromkeys("ab", "None")
    assert "unforeseen" in caplog.text


def test_what_cannot_be_packed_fails_alone(stage: Stage) -> None:
    with pytest.raises(UnicodeEncodeError):
        stage.push("a", "\ud800")
    stage.push("b")
    stage.answer_all()

    assert stage.results == {"a": [], "b": [None]}
