import pytest

from http_api.access import turns
from http_api.access.turns import PAUSE, TURN, in_turns


def test_others_have_a_turn_when_somebody_has_taken_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now, pauses = [0.0], list[float]()
    monkeypatch.setattr(turns, "monotonic", lambda: now[0])
    monkeypatch.setattr(turns, "sleep", pauses.append)
    told = []
    for number in in_turns(range(6)):
        told.append((number, len(pauses)))
        now[0] += 0.4 * TURN

    assert told == [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 1)]
    assert pauses == [PAUSE] * 2
