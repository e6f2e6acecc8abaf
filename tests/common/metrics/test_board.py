"""Workers of one master, as processes that were forked from it."""

import os
import random
import signal
from collections.abc import Callable
from typing import Any

import pytest

from common.metrics.board import ROOM, Board
from common.metrics.numbers import Snapshot, Value, merged


def told(settled: float, behind: float = 0) -> Snapshot:
    return {"settled_total": {"": settled}, "behind_connections": {"": behind}}


READER = 1000  # This process, which is the master, too.


def start(board: Board, number: int, work: Callable[[], None]) -> int:
    """A worker, as gunicorn forks it."""
    board.begin(number)
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os._exit(0)
    board.begin(READER)
    return pid


def settled_of(board: Board) -> Any:
    return merged(board.others()).get("settled_total", {}).get("")


def test_a_worker_sees_what_the_others_have_told_last_and_not_itself() -> None:
    board = Board(2)

    def tell() -> None:
        board.tell(told(1))
        board.tell(told(5, 2))

    for number in (1, 2):
        os.waitpid(start(board, number, tell), 0)
    board.tell(told(100))

    assert merged(board.others()) == told(10, 4)


def test_what_a_dead_worker_counted_stays_and_its_gauges_are_gone() -> None:
    board = Board(1)
    for number in range(1, 40):  # Each has the place of one before it.
        os.waitpid(start(board, number, lambda: board.tell(told(2, 3))), 0)
        board.end(number)

    assert board.others() == [{"settled_total": {"": 78}}]


def test_a_worker_that_was_killed_while_it_told_leaves_what_it_had_told_before() -> None:
    board = Board(1)
    many: dict[str, Value] = dict.fromkeys(map(str, range(2000)), 1)

    def tell() -> None:
        settled = 0
        while True:
            settled += 1
            board.tell({**told(settled), "push_messages_total": many})

    shown = 0
    for number in range(1, 10):
        pid = start(board, number, tell)
        seen = [shown]
        while seen[-1] == shown:  # Until it has told something.
            seen.append(settled_of(board) or 0)
        seen += [settled_of(board) for _ in range(random.randint(0, 30))]
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        seen.append(settled_of(board))
        board.end(number)
        shown = settled_of(board)

        assert seen == sorted(seen)
        assert shown == seen[-1]


def test_numbers_never_go_back_while_the_master_adds_those_of_the_dead() -> None:
    board = Board(4)
    board.begin(1)
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        shown = 0
        while shown < 60:
            now = settled_of(board) or 0
            if now < shown:
                os.write(writing, b"!")
            shown = now
        os._exit(0)
    for number in range(2, 62):
        os.waitpid(start(board, number, lambda: board.tell(told(1))), 0)
        board.end(number)
    os.waitpid(pid, 0)
    os.close(writing)

    assert os.read(reading, 10) == b""
    os.close(reading)


def test_numbers_that_are_too_many_are_not_told(caplog: pytest.LogCaptureFixture) -> None:
    board = Board(1)
    many: Snapshot = {"push_messages_total": {"x" * ROOM: 1}}

    os.waitpid(start(board, 1, lambda: board.tell(told(1))), 0)
    board.tell(many)
    board.tell(many)
    board.begin(READER)

    assert merged(board.others()) == told(1)
    assert len(caplog.records) == 1


def test_a_worker_for_whom_there_is_no_place_counts_alone() -> None:
    board = Board(1)
    numbers = range(1, 100)
    for number in numbers:
        board.begin(number)

    board.tell(told(1))

    assert board.others() == []
    for number in numbers:
        board.end(number)
    assert board.others() == []
