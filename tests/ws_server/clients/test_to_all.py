"""What is told of messages for everybody; that it is right is in the property tests."""

from common.receipt import Counted, Numbers
from ws_server.clients.to_all import CONFIRMED, ToAll


def test_only_what_has_changed_is_told_and_only_what_was_offered() -> None:
    some = ToAll()
    some.open(["p10", "p20"], [10, 20], 2)
    some.open(["p30"], [30], 2)

    first = some.take([], 20, is_cut=False)
    assert first == [Counted(f"p{at}", at, Numbers(2, 0, 0, 0)) for at in (10, 20)]
    assert some.take([], 20, is_cut=False) == []

    some.add(CONFIRMED, 10, 30, 1)
    assert [each.at for each in some.take([], 30, is_cut=False)] == [20, 30]


def test_who_is_behind_is_counted_anew_each_time() -> None:
    some = ToAll()
    some.open(["p"], [10], 2)

    behind = [some.take(places, 10, is_cut=False) for places in ([(5, 10), (5, 10)], [(9, 10)], [])]
    assert [counted[0].numbers.behind for counted in behind] == [2, 1, 0]


def test_what_was_not_told_is_told_again() -> None:
    some = ToAll()
    some.open(["p"], [10], 2)
    (counted,) = some.take([], 10, is_cut=False)
    some.put_back(counted)

    assert some.take([], 10, is_cut=False) == [counted]


def test_what_is_forgotten_is_not_counted() -> None:
    some = ToAll()
    some.open(["p", "q"], [10, 20], 2)
    some.forget_upto(10)

    assert (len(some), some.first(0, 20), some.first(20, 30)) == (1, 20, 0)
