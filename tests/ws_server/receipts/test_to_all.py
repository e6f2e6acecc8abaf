"""What is told of messages for everybody; that it is right is in the property tests."""

from collections.abc import Sequence

from common.message import format_id
from common.receipt import Counted, Numbers, Run
from ws_server.receipts.to_all import CONFIRMED, ToAll

TWO = Numbers(2, 0, 0, 0)
ONE_OF_TWO = Numbers(2, 0, 1, 0)


def opened(*groups: Sequence[int], to: int = 2) -> ToAll:
    """Some messages that came together, by their ids; then others."""
    some = ToAll()
    for ats in groups:
        some.open([format_id(at) for at in ats], to)
    return some


def told(some: ToAll, upto: int) -> list[Counted]:
    return some.take([], upto, is_cut=False)


def test_only_stretches_that_have_changed_are_told_and_only_what_was_offered() -> None:
    some = opened([10, 20], [1010, 1020], [1030])

    assert told(some, 1020) == [
        Counted("0+", [Run(10, 20, TWO)]),
        Counted("0+1", [Run(1010, 1020, TWO)]),
    ]
    assert told(some, 1020) == []

    some.add(CONFIRMED, 1020, 1030, 1)
    assert told(some, 1030) == [Counted("0+1", [Run(1010, 1020, TWO), Run(1030, 1030, ONE_OF_TWO)])]


def test_messages_that_come_together_are_told_by_stretches() -> None:
    some = opened([10, 999, 1000, 1 << 64])

    assert [each.stretch for each in told(some, 1 << 64)] == ["0+", "0+1", "1+"]


def test_what_a_client_has_in_part_is_told_in_runs_until_it_is_the_same_again() -> None:
    some = opened(range(10, 20))
    some.add(CONFIRMED, 0, 14, 1)
    assert told(some, 20)[0].runs == [Run(10, 14, ONE_OF_TWO), Run(15, 19, TWO)]

    some.add(CONFIRMED, 14, 19, 1)
    assert told(some, 20)[0].runs == [Run(10, 19, ONE_OF_TWO)]


def test_who_is_behind_is_counted_anew_each_time() -> None:
    some = opened([10, 20])

    numbers = [
        [run.numbers.behind for run in some.take(places, 20, is_cut=False)[0].runs]
        for places in ([(5, 20), (15, 20)], [(15, 20)], [])
    ]
    assert numbers == [[1, 2], [0, 1], [0]]


def test_what_was_not_told_is_told_again() -> None:
    some = opened([10, 20, 30])
    some.add(CONFIRMED, 0, 20, 1)
    (counted,) = told(some, 30)
    some.put_back(counted)

    assert told(some, 30) == [counted]


def test_what_is_forgotten_is_not_counted_but_for_a_stretch_that_goes_on() -> None:
    some = opened([10, 20], [30, 1000])
    some.forget_upto(20)
    assert (some.count, some.first(0, 20)) == (4, 10)

    some.forget_upto(999)
    assert (some.count, some.first(0, 999), some.first(0, 1000)) == (1, 0, 1000)
    some.forget_upto(1000)
    assert (some.count, some.first(0, 1000), told(some, 1000)) == (0, 0, [])


def test_the_first_message_after_an_id_is_one_that_is_there() -> None:
    some = opened([10, 20, 30])

    firsts = [some.first(after, upto) for after, upto in ((0, 9), (0, 10), (10, 25), (30, 40))]
    assert firsts == [0, 10, 20, 0]
