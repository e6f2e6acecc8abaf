"""How far a client is, by the pings that it has answered."""

from ws_server.pusher.trail import MOST_PINGS, PATIENCE, Trail

NOW = 100.0


def test_a_ping_confirms_only_what_it_came_after() -> None:
    trail = Trail("r/one/tab")
    trail.enter("a", 1)
    assert trail.ask(5, 5, NOW)
    trail.enter("b", 2)

    assert trail.confirm() == ["a"]
    assert trail.places == {"a": 5, "b": 2}
    assert trail.ask(5, 5, NOW)
    assert trail.confirm() == ["b"]
    assert not trail.ask(5, 5, NOW)


def test_who_answers_no_ping_is_not_asked_for_ever() -> None:
    trail = Trail("r/one/tab")
    trail.enter("a", 0)

    assert [trail.ask(upto, upto, NOW) for upto in range(1, 8)] == [True] * MOST_PINGS + [False] * 2
    assert trail.confirm() == ["a"]
    assert trail.ask(9, 9, NOW)


def test_a_pong_to_no_ping_confirms_nothing() -> None:
    trail = Trail("r/one/tab")
    trail.enter("a", 0)

    assert trail.confirm() == []
    trail.leave("a")
    trail.leave("a")
    assert not trail.ask(5, 5, NOW)


def test_who_was_sent_nothing_since_it_was_asked_is_not_asked_again() -> None:
    trail = Trail("r/one/tab")
    trail.enter("a", 0)
    assert trail.ask(5, 4, NOW)

    assert not trail.ask(9, 4, NOW)
    assert trail.ask(9, 6, NOW)


def test_who_has_never_answered_is_pinged_by_websocket_after_a_while() -> None:
    trail = Trail("r/one/tab")
    trail.enter("a", 0)
    for upto in range(1, MOST_PINGS + 1):
        assert trail.ask(upto, upto, NOW)
    assert not trail.ask(9, 9, NOW + PATIENCE - 1)

    assert trail.ask(9, 9, NOW + PATIENCE)
    trail.enter("b", 9)
    assert trail.ask(11, 11, NOW + PATIENCE)

    assert (trail.by_frames, trail.confirm()) == (True, [])
    assert (trail.confirm_pings(8), trail.confirm_pings(9)) == ([], ["a"])
    assert (trail.confirm_pings(11), trail.places) == (["a", "b"], {"a": 11, "b": 11})


def test_who_has_answered_once_is_waited_for() -> None:
    trail = Trail("r/one/tab")
    trail.enter("a", 0)
    assert trail.ask(1, 1, NOW)
    trail.confirm()
    for upto in range(2, MOST_PINGS + 2):
        assert trail.ask(upto, upto, NOW)

    assert not trail.ask(9, 9, NOW + PATIENCE)
    assert trail.confirm_pings(9) == []
