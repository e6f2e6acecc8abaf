"""The door answers as the application behind gunicorn does, whatever bytes come.

This is the short form: `make fuzz` sends a million requests.
"""

import random

import pytest

from tests.fuzz.http_door import run

REQUESTS = 2000
SHARE = 0.25  # Of the requests that are answered at the door; some are never read.


@pytest.mark.parametrize("seed", [1, random.randrange(10**6)], ids=["fixed", "random"])
def test_both_answer_the_same_and_queue_the_same(seed: int) -> None:
    print(f"FUZZ='--only door --seed {seed} --requests {REQUESTS}'")  # noqa: T201  # If it fails.

    found = run(seed, REQUESTS)

    assert found.wrong == []
    assert found.at_door.total() > SHARE * found.requests
    assert found.at_door.keys() >= {200, 401, 413, 415, 422, 429, 503}  # All kinds of answers.
    assert found.in_all.keys() >= {400, 404, 405, 414, 417, 431, 501}
