"""The doors answer as the applications behind gunicorn do, whatever bytes come.

This is the short form: `make fuzz` sends a million requests to each.
"""

import random

import pytest

from tests.fuzz import http_door, ws_door

REQUESTS = 2000
FIXED = 1  # With it all kinds of answers occur; by chance a rare one may not.
SEEDS = pytest.mark.parametrize("seed", [FIXED, random.randrange(10**6)], ids=["fixed", "random"])


def told(only: str, seed: int) -> str:
    """How a failure is repeated: pytest shows it."""
    return f"make fuzz FUZZ='--only {only} --requests 1 --seed {seed}'"


@SEEDS
def test_both_answer_pushes_the_same_and_queue_the_same(seed: int) -> None:
    found = http_door.FUZZ.run(seed, REQUESTS)

    assert found.wrong == [], told("push", seed)
    assert found.at_door.total() > found.requests / 4  # Some are never read.
    if seed == FIXED:
        assert found.at_door.keys() >= {200, 401, 403, 413, 415, 422, 429, 503}
        assert found.in_all.keys() >= {400, 404, 405, 414, 417, 431, 501}


@SEEDS
def test_both_let_in_the_same_and_tell_the_others_the_same(seed: int) -> None:
    found = ws_door.FUZZ.run(seed, REQUESTS)

    assert found.wrong == [], told("listen", seed)
    assert found.at_door[101] > found.connections / 4  # Whoever is let in asks for nothing more.
    if seed == FIXED:
        assert found.in_all.keys() >= {101, 200, 400, 401, 403, 405, 426, 429, 503}
