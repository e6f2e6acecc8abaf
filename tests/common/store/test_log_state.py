"""What settle.lua answers, read; and which bound a log meets."""

import pytest

from common.errors import QueueUnavailable
from common.message import Mark
from common.store.log_state import LogState, Retention, Settled, is_epoch, is_held, size_of

STATE = LogState("19ab", start=1 << 64, floor=2 << 64 | 3, last=4 << 64)


def answer(reason: bytes = b"", problem: bytes = b"") -> list[int | bytes]:
    return [5, 1, 7, b"19ab", b"1-0", b"2-3", b"4-0", reason, problem]


def test_an_answer_tells_what_was_done_and_what_the_log_is_like_then() -> None:
    settled = Settled.parse(answer(reason=b"it is not JSON"))

    assert (settled.moved, settled.rejected, settled.waiting) == (5, 1, 7)
    assert settled.log == STATE
    assert (settled.reason, settled.problem) == ("it is not JSON", "")


def test_a_command_that_failed_is_told_without_what_redis_quotes() -> None:
    settled = Settled.parse(answer(problem=b"XADD OOM command not allowed when used memory > x"))
    quoting = Settled.parse(answer(problem=b"LPUSH ERR of PRIVATE-4711 \xff"))

    assert settled.problem.startswith("XADD: OOM ")
    assert quoting.problem.startswith("LPUSH: ")
    assert "PRIVATE" not in quoting.problem


def test_settles_are_compared_by_what_they_did() -> None:
    assert Settled.parse(answer()) == Settled(5, 1, 7)
    assert Settled.parse(answer()) != Settled(5, 1, 8)


@pytest.mark.parametrize(
    ("length", "span", "bytes_", "met"),
    [
        (0, 0, 0, (None, False)),
        (10, 60, 1000, ("HISTORY_BYTES", False)),  # A hundredth; of the others less.
        (10, 60, 10, ("HISTORY_SIZE", False)),
        (1, 60, 10, (None, False)),  # One message has no pace.
        (10, 60, 95_000, ("HISTORY_BYTES", True)),  # It forgets a part at once.
        (10_000, 60, 95_000, ("HISTORY_SIZE", True)),
        (2, 90_000, 0, ("HISTORY_SECONDS", True)),
    ],
)
def test_the_bound_that_a_log_meets_first(
    length: int, span: float, bytes_: int, met: tuple[str | None, bool]
) -> None:
    assert Retention(10_000, 86_400, 100_000).met_first(length, span, bytes_) == met


def test_a_log_without_a_bound_of_bytes_never_meets_it() -> None:
    assert Retention(10_000, 86_400).met_first(10, 60, 10**12) == ("HISTORY_SIZE", False)


def test_an_epoch_is_known_by_its_whole_name() -> None:
    known = Mark("19ab", 5)

    assert is_epoch(b"19ab 1-0", known)
    assert not is_epoch(b"19abc 1-0", known)
    assert not is_epoch(None, known)


def test_what_follows_a_message_is_held_from_the_floor_on() -> None:
    floor = 2 << 64 | 3

    assert is_held(floor - 1, b"2-3")
    assert not is_held(floor - 2, b"2-3")
    assert is_held(0, None)


def test_the_size_of_entries_is_that_of_their_fields() -> None:
    assert size_of([(b"1-0", [b"c", b"hello"]), (b"2-0", [b"c", b""])]) == 7


def test_a_failure_is_raised_only_if_nothing_was_done() -> None:
    told = Settled(1, 0, 7, problem="XADD: OOM").failure()

    assert told is not None
    assert told.reason == "XADD: OOM"
    assert Settled(0, 0, 7).failure() is None
    with pytest.raises(QueueUnavailable, match="OOM"):
        Settled(0, 0, 7, problem="XADD: OOM").failure()
