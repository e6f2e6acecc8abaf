import os
from collections.abc import Callable

import pytest

from common.serving.siblings import STUCK, Seat, Siblings

NOW = 1000.0
PATIENCE = 5.0


def seats(count: int) -> list[Seat]:
    """Of workers with the numbers 1, 2, …"""
    siblings = Siblings(count)
    found = [siblings.reserve() for _ in range(count)]
    for number, seat in enumerate(found, 1):
        seat.sit_down(number)
    return found


def test_nothing_is_wrong_with_workers_that_have_said_nothing_yet() -> None:
    first, _ = seats(2)

    assert first.problem(NOW) is None


def test_a_worker_that_stands_still_is_seen_by_all_until_it_goes_on() -> None:
    workers = seats(3)
    for each in workers:
        each.turn(NOW)
    now = NOW + STUCK + 1
    for each in workers[:2]:
        each.turn(now)

    found = {each.problem(now) for each in workers}
    workers[2].turn(now)

    assert found == {"process 3 has stood still for 6 s"}
    assert {each.problem(now) for each in workers} == {None}


def test_a_worker_that_hears_no_canary_in_its_time_is_seen_by_all_until_it_does() -> None:
    patient, deaf = seats(2)
    patient.hear(NOW, 60.0)
    deaf.hear(NOW, PATIENCE)
    assert patient.problem(NOW + PATIENCE) is None

    now = NOW + PATIENCE + 2

    assert patient.problem(now) == "process 2 has not heard its canary for 7 s"
    deaf.hear(now, PATIENCE)
    assert patient.problem(now) is None


@pytest.mark.parametrize("leave", [Seat.say_nothing, Seat.free])
def test_a_worker_that_ends_need_not_be_well(leave: Callable[[Seat], None]) -> None:
    other, ending = seats(2)
    ending.turn(NOW)
    ending.hear(NOW, PATIENCE)

    leave(ending)

    assert other.problem(NOW + 100) is None


def test_a_worker_may_listen_to_no_canary_and_still_be_stuck() -> None:
    (worker,) = seats(1)
    worker.turn(NOW)
    worker.hear(NOW, PATIENCE)

    worker.hear_nothing()

    assert worker.problem(NOW + STUCK) is None
    assert worker.problem(NOW + 100) == "process 1 has stood still for 100 s"


def test_a_worker_knows_of_itself_whether_it_is_deaf() -> None:
    first, second = seats(2)
    assert not first.is_deaf(NOW)
    first.hear(NOW, PATIENCE)
    second.hear(NOW + 100, PATIENCE)

    assert [each.is_deaf(NOW + PATIENCE + 1) for each in (first, second)] == [True, False]


def test_whether_others_hear_is_not_said_by_the_worker_itself() -> None:
    first, second = seats(2)
    first.hear(NOW, PATIENCE)

    assert second.others_hear(NOW + PATIENCE)
    assert not second.others_hear(NOW + PATIENCE + 1)
    assert not first.others_hear(NOW)


def test_a_seat_is_given_again_when_its_worker_is_gone_and_says_nothing_of_it() -> None:
    siblings = Siblings(1)
    first = siblings.reserve()
    first.sit_down(7)
    first.turn(NOW)
    first.free()

    second = siblings.reserve()

    assert second.problem(NOW + 100) is None
    assert second.pid != 0


def test_whoever_finds_no_seat_is_alone() -> None:
    siblings = Siblings(1)
    siblings.reserve().sit_down(1)
    alone = siblings.reserve()
    alone.turn(NOW)

    assert alone.problem(NOW + 100) == "process 0 has stood still for 100 s"


def test_what_one_process_notes_another_one_sees() -> None:
    first, second = seats(2)
    child = os.fork()
    if not child:
        second.turn(NOW)
        os._exit(0)
    os.waitpid(child, 0)

    assert first.problem(NOW + STUCK + 1) == "process 2 has stood still for 6 s"
