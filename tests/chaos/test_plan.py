"""A seed is a plan, and a plan strikes everybody in every way."""

from chaos.plan import SMALL, SMALL_SECONDS, Act, deck, draw, kind_of


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
    struck = {(strike.victim, strike.act) for strike in draw(7, 300)}

    assert struck == set(deck())


def test_the_small_plan_strikes_every_kind_of_victim_with_what_it_can_suffer() -> None:
    kinds = {kind_of(victim) for victim, _ in deck()}

    assert {kind_of(strike.victim) for strike in SMALL} == kinds
    assert {(strike.victim, strike.act) for strike in SMALL} <= set(deck())
    assert SMALL[-1].at < SMALL_SECONDS
    assert {Act.KILL, Act.CRASH, Act.TERM, Act.HUP, Act.CUT} <= {strike.act for strike in SMALL}
