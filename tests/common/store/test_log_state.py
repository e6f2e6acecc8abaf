"""What settle.lua answers, read."""

from common.store.log_state import LogState, Settled

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
