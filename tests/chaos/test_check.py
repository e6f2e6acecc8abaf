"""The checker finds what is wrong, and only that: it must be able to fail."""

from itertools import count

import pytest

from chaos.check import Check, Tally, check_all
from chaos.kept import UNREADABLE, Kept, Logged
from chaos.pushes import Pushes
from chaos.records import (
    Acknowledged,
    Broken,
    Entry,
    Gap,
    Lost,
    Opened,
    Read,
    Record,
    Refused,
    Tried,
    Unsure,
    Welcome,
)
from chaos.truth import Truth
from chaos.wrong import Wrong

KILLED_AT = 50.0


def a_label(number: int) -> str:
    return f"p.plain-{number}"


def an_id(number: int) -> str:
    return f"epoch-1000-{number}"


def entries(*records: Record, start: float = 0.0) -> list[Entry]:
    """A ledger: a record each hundredth of a second."""
    times = count(start, 0.01)
    return [Entry(next(times), record) for record in records]


def pushes(acknowledged: int, tried: int | None = None) -> Pushes:
    found = Pushes()
    tries: list[Record] = [Tried(number, 1, keyed=False) for number in range(tried or acknowledged)]
    found.add("p.plain", entries(*tries, *map(Acknowledged, range(acknowledged))))
    return found


def kept(*numbers: int, queued: int | None = None) -> Kept:
    """A log of these messages, in this order; all that was queued is in it, or `queued` are."""
    log = [Logged((1000, number), a_label(number)) for number in numbers]
    labels = [a_label(number) for number in range(queued)] if queued else [x.label for x in log]
    return Kept(labels, log)


def truth(size: int = 6) -> Truth:
    return Truth(kept(*range(size)), pushes(size), [KILLED_AT], a_label(size - 1))


def reads(*numbers: int) -> list[Record]:
    return [Read(an_id(number), a_label(number)) for number in numbers]


def greeted(*records: Record) -> list[Record]:
    return [Opened(1, ""), Welcome("epoch-0-0", complete=True), *records]


def checked(*records: Record, start: float = 0.0) -> Tally:
    return Check("r", truth()).follow(entries(*records, start=start))


def found(tally: Tally) -> list[tuple[str, str]]:
    return [(each.what, each.label) for each in tally.wrong]


def test_a_reader_that_has_read_everything_once_is_right() -> None:
    tally = checked(*greeted(*reads(0, 1, 2, 3, 4, 5)))

    assert tally.wrong == []
    assert tally.figures == {"connections": 1, "read": 6}


def test_it_may_start_in_the_middle_and_resume() -> None:
    first: list[Record] = [Opened(1, ""), Welcome(an_id(1), complete=True), *reads(2, 3)]
    again: list[Record] = [Opened(2, an_id(3)), Welcome(an_id(3), complete=True), *reads(4, 5)]

    assert checked(*first, Lost("end"), *again).wrong == []


def test_a_missing_message_is_found_and_where() -> None:
    lost: list[Record] = [Lost("end of stream"), Opened(7, an_id(1))]
    tally = checked(*greeted(*reads(0, 1), *lost, *reads(3, 4, 5)))

    assert found(tally) == [("missing", a_label(2))]
    assert f"after {a_label(1)} at 00:00:00" in tally.wrong[0].where
    assert f"open 7 after {an_id(1)}; then {a_label(3)}" in tally.wrong[0].where


def test_what_is_missing_at_the_start_or_at_the_end_is_found() -> None:
    tally = checked(*greeted(*reads(1, 2, 3, 4)))

    assert found(tally) == [("missing", a_label(0)), ("missing", a_label(5))]


def test_what_follows_the_marker_may_be_missing() -> None:
    known = Truth(kept(0, 1, 2), pushes(3), marker=a_label(1))

    assert Check("r", known).follow(entries(*greeted(*reads(0, 1)))).wrong == []


def test_a_doubled_message_is_found() -> None:
    assert found(checked(*greeted(*reads(0, 1, 2, 1, 3, 4, 5)))) == [("doubled", a_label(1))]


def test_two_that_are_swapped_are_found_as_one_out_of_order() -> None:
    assert found(checked(*greeted(*reads(0, 2, 1, 3, 4, 5)))) == [("out of order", a_label(1))]


def test_a_message_that_nobody_pushed_or_that_was_changed_is_found() -> None:
    made_up, changed = Read(an_id(1), "?'oops'"), Read(an_id(2), a_label(3))
    tally = checked(*greeted(*reads(0), made_up, changed, *reads(1, 2, 3, 4, 5)))

    assert found(tally) == [("never pushed", "?'oops'"), ("changed", a_label(3))]


def test_a_stream_that_breaks_the_protocol_is_found() -> None:
    tally = checked(*greeted(*reads(0), Broken("nonsense"), *reads(1, 2, 3, 4, 5)))

    assert found(tally) == [("broken", "a stream")]


def test_a_reader_that_was_never_welcomed_is_found() -> None:
    assert found(checked(Opened(1, ""), Lost("end"))) == [("missing", "everything")]


def test_a_gap_excuses_what_lies_in_it() -> None:
    gap = Gap(an_id(3), an_id(0), "forgotten")
    tally = checked(*greeted(*reads(0), gap, *reads(4, 5)))

    assert tally.wrong == []
    assert (tally.figures["gaps"], tally.figures["inside gaps"]) == (1, 3)


def test_a_gap_excuses_nothing_behind_it_and_nothing_before_it() -> None:
    gap = Gap(an_id(2), an_id(1), "forgotten")
    tally = checked(*greeted(*reads(1), gap, *reads(4, 5)))

    assert found(tally) == [("missing", a_label(0)), ("missing", a_label(3))]


def test_a_gap_that_leads_back_excuses_no_double() -> None:
    gap = Gap(an_id(1), an_id(3), "forgotten")
    tally = checked(*greeted(*reads(0, 1, 2, 3), gap, *reads(2, 3, 4, 5)))

    assert found(tally) == [("doubled", a_label(2)), ("doubled", a_label(3))]


def test_a_gap_must_begin_where_the_reader_is() -> None:
    tally = checked(*greeted(*reads(0), Gap(an_id(3), an_id(2), "forgotten"), *reads(4, 5)))

    assert found(tally) == [("gap misplaced", an_id(2))]


def test_what_valkey_lost_later_may_have_been_read_if_that_is_told() -> None:
    vanished = Read(an_id(77), a_label(1))  # In the log again as message 1 of it.
    gap = Gap(an_id(0), an_id(77), "lost")
    told = [*greeted(*reads(0), vanished, gap, *reads(1, 2, 3, 4, 5))]
    untold = [*greeted(*reads(0), vanished, *reads(1, 2, 3, 4, 5))]

    assert checked(*told, start=KILLED_AT - 1).wrong == []
    assert found(checked(*untold, start=KILLED_AT - 1)) == [("loss not told", a_label(1))]
    assert found(checked(*told, start=KILLED_AT + 60)) == [("not in the log", a_label(1))]


@pytest.mark.parametrize("start", ["epoch2-0-0", "epoch2-1000-0"])
def test_who_is_told_of_another_log_lacks_the_former_one_and_nothing_else(start: str) -> None:
    known = Truth(Kept([], kept(*range(6)).log, wiped=[3]), pushes(6))
    anew = Gap(start, an_id(0), "lost")
    told = greeted(*reads(0), anew, *reads(3, 4, 5))
    late = greeted(*reads(0), anew, *reads(4, 5))
    untold = greeted(*reads(0, 3, 4, 5))

    assert Check("r", known).follow(entries(*told)).wrong == []
    assert found(Check("r", known).follow(entries(*late))) == [("missing", a_label(3))]
    assert found(Check("r", known).follow(entries(*untold))) == [
        ("missing", a_label(1)),
        ("missing", a_label(2)),
    ]


def test_a_gap_that_leads_back_in_the_same_log_excuses_nothing() -> None:
    known = Truth(Kept([], kept(*range(6)).log, wiped=[]), pushes(6))
    records = greeted(*reads(0, 1), Gap("epoch2-0-0", an_id(1), "lost"), *reads(3, 4, 5))

    assert found(Check("r", known).follow(entries(*records))) == [("missing", a_label(2))]


def test_who_comes_with_the_id_of_another_is_owed_what_follows_whatever_it_is_told() -> None:
    told_late = Welcome(an_id(2), complete=True)
    records = [Opened(1, an_id(0)), told_late, *reads(3, 4)]

    assert found(Check("r", truth(), leaves=True).follow(entries(*records))) == [
        ("missing", a_label(1)),
        ("missing", a_label(2)),
    ]


def test_who_leaves_need_not_have_come_to_the_end() -> None:
    records = [Opened(1, an_id(0)), Welcome(an_id(0), complete=True), *reads(1, 2)]

    assert Check("r", truth(), leaves=True).follow(entries(*records)).wrong == []


def texts(*numbers: int) -> list[Record]:
    return [Read("", a_label(number)) for number in numbers]


def test_without_ids_each_connection_stands_for_itself() -> None:
    records = [Opened(1, ""), *texts(0, 1, 2), Lost("end"), Opened(2, ""), *texts(2, 3)]
    tally = Check("r", truth(), resumes=False).follow(entries(*records))

    assert tally.wrong == []


@pytest.mark.parametrize(
    ("numbers", "what"),
    [((0, 2), "missing"), ((0, 1, 1), "doubled"), ((2, 1), "out of order")],
)
def test_without_ids_a_connection_is_still_held_to_the_log(
    numbers: tuple[int, ...], what: str
) -> None:
    records = [Opened(1, ""), *texts(*numbers)]
    tally = Check("r", truth(), resumes=False).follow(entries(*records))

    assert found(tally) == [(what, a_label(1))]


def test_without_ids_nobody_is_told_of_a_log_that_is_gone() -> None:
    known = Truth(Kept([], kept(*range(6)).log, wiped=[3]), pushes(6))

    def checked_texts(*numbers: int) -> list[tuple[str, str]]:
        records = [Opened(1, ""), *texts(*numbers)]
        return found(Check("r", known, resumes=False).follow(entries(*records)))

    assert checked_texts(0, 3, 4, 5) == []
    assert checked_texts(0, 4, 5) == [("missing", a_label(3))]
    assert checked_texts(0, 2, 3) == [("missing", a_label(1))]


def test_without_ids_what_vanished_for_others_cannot_be_placed() -> None:
    with_ids = greeted(Read(an_id(77), a_label(1)), Gap("e-0-0", an_id(77), "lost"))
    all_of_it = [*with_ids, *reads(0, 1, 2, 3, 4, 5)]
    without = [Opened(1, ""), *texts(1, 0, 1, 2)]
    ledgers = [
        ("text", entries(*without, start=KILLED_AT)),
        ("json", entries(*all_of_it, start=KILLED_AT)),
    ]

    assert [tally.wrong for tally in check_all(ledgers, truth(), "text")] == [[], []]


def log_check(log: Kept, its: Pushes, *kills: float) -> tuple[list[tuple[str, str, str]], int]:
    known = Truth(log, its, kills)
    wrong: list[Wrong] = list(known.check())
    return [(each.what, each.label, each.who) for each in wrong], known.lost_by_valkey


def test_a_log_that_has_every_push_once_is_right() -> None:
    assert log_check(kept(0, 1, 2), pushes(3)) == ([], 0)


def test_a_push_without_an_answer_may_be_in_the_log_or_not() -> None:
    assert log_check(kept(0, 1), pushes(1, tried=3)) == ([], 0)


def test_an_acknowledged_push_that_is_not_in_the_log_is_found_where_it_was_lost() -> None:
    assert log_check(kept(0, 1), pushes(3)) == ([("missing", a_label(2), "the queue")], 0)
    assert log_check(kept(0, 1, queued=3), pushes(3)) == (
        [("missing", a_label(2), "the log")],
        0,
    )


def test_valkey_may_lose_what_it_had_no_time_to_write() -> None:
    assert log_check(kept(0, 1), pushes(3), 2.0) == ([], 1)
    assert log_check(kept(0, 1), pushes(3), 20.0)[0] != []


def test_valkey_may_throw_the_queue_away_if_it_is_allowed_to() -> None:
    log = kept(0, 1, queued=3)
    log.evicted = {a_label(2)}

    assert log_check(log, pushes(3)) == ([], 1)


def test_what_is_doubled_swapped_or_made_up_in_the_log_is_found() -> None:
    assert log_check(kept(0, 1, 1), pushes(2))[0] == [("doubled", a_label(1), "the log")]
    assert log_check(kept(1, 0), pushes(2))[0] == [("out of order", a_label(0), "the log")]
    assert log_check(kept(0, 1), pushes(1))[0] == [("never pushed", a_label(1), "the log")]


@pytest.mark.parametrize(("rejected", "what"), [(1, "missing"), (3, "doubled")])
def test_an_envelope_that_cannot_be_read_is_set_aside_once(rejected: int, what: str) -> None:
    log = kept(0, 1)
    log.queued += [UNREADABLE, UNREADABLE]
    log.rejected = 2
    assert log_check(log, pushes(2)) == ([], 0)

    log.rejected = rejected
    (wrong,) = log_check(log, pushes(2))[0]
    assert wrong[0] == what


def test_a_late_push_that_was_not_acknowledged_may_come_out_of_order() -> None:
    its = Pushes()
    tries: list[Record] = [Tried(0, 1, keyed=False), Unsure(0, "timeout"), Tried(1, 1, keyed=False)]
    its.add("p.plain", entries(*tries, Acknowledged(1)))

    assert log_check(kept(1, 0), its) == ([], 0)


def test_a_refused_push_is_wrong() -> None:
    its = Pushes()
    its.add("p.plain", entries(Tried(0, 2, keyed=True), Refused(0, "status 500")))

    assert [(each.what, each.label) for each in its.wrong] == [("refused", a_label(0))]
