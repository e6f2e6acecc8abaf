"""A seed is a plan, and a plan strikes everybody in every way."""

import pytest

from chaos.plan import HOWS, SCENES, Act, Card, deck, draw, kind_of
from chaos.small import KILLS, SMALLS, Small


def test_the_same_seed_is_the_same_plan() -> None:
    assert list(draw(7, 300)) == list(draw(7, 300)) != list(draw(8, 300))


def test_a_plan_is_in_order_and_within_its_time() -> None:
    times = [strike.at for strike in draw(7, 300)]

    assert times == sorted(times)
    assert times[-1] < 300


def test_a_longer_plan_begins_with_the_shorter_one() -> None:
    short = list(draw(7, 60))

    assert list(draw(7, 300))[: len(short)] == short


def test_a_long_plan_has_every_victim_with_every_act() -> None:
    struck = {
        Card(each.victim, each.act, "" if each.act in SCENES else each.how) for each in draw(7, 300)
    }

    assert struck == set(deck())


def test_every_strike_says_how_if_there_is_more_than_one_way() -> None:
    assert all((strike.how in HOWS.get(strike.act, ("",))) for strike in draw(7, 3000))


def test_of_the_faults_that_are_chosen_all_come_and_no_other() -> None:
    chosen = {Act.TRIM, Act.HOLD}

    assert {strike.act for strike in draw(7, 60, only=chosen)} == chosen


def test_the_small_plans_have_every_fault_that_they_are_for() -> None:
    kinds = {kind_of(card.victim) for card in deck()}
    acts = {strike.act for small in SMALLS.values() for strike in small.strikes}

    assert {kind_of(strike.victim) for strike in KILLS.strikes} == kinds
    assert {Act.KILL, Act.CRASH, Act.TERM, Act.HUP, Act.CUT} <= acts
    assert {Act.FORBID, Act.TRIM, Act.EVICT, *SCENES} <= acts


@pytest.mark.parametrize("small", SMALLS.values(), ids=SMALLS)
def test_a_small_plan_is_one_that_could_be_drawn(small: Small) -> None:
    cards = {(card.victim, card.act) for card in deck()}

    assert {(strike.victim, strike.act) for strike in small.strikes} <= cards
    assert all(strike.how in HOWS.get(strike.act, ("",)) for strike in small.strikes)
    assert small.strikes[-1].at < small.seconds
