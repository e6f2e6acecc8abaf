from typing import Any

import pytest

from common.metrics.families import FAMILIES, Of
from http_api.watching.collector import numbers_of, of_redis
from http_api.watching.tally import Tally

QUEUE = {"length": 3, "oldest_seconds": 1.5}
LOG = {"length": 10, "span_seconds": 60.0, "limit": None, "limit_reached": False}
# Shown by `Metrics` and `add_redis`.
ELSEWHERE = {"workers", "redis_errors_total", "redis_seconds"}


def stats(**log: Any) -> dict[str, Any]:
    return {"queue": QUEUE, "log": {**LOG, **log}, "processes": []}


def test_all_that_this_process_shows_comes_from_somewhere() -> None:
    shown = {*numbers_of(Tally()).snapshot(), *of_redis(stats(), 1.0), *ELSEWHERE}

    assert shown == {each.name for each in FAMILIES if Of.HTTP in each.of}


@pytest.mark.parametrize(
    ("limit", "is_reached", "expected"),
    [
        ("HISTORY_SECONDS", True, 0),
        ("HISTORY_SIZE", True, 1),
        ("HISTORY_BYTES", True, 1),
        ("HISTORY_BYTES", False, 0),
    ],
)
def test_the_log_is_trimmed_early_by_any_bound_but_its_age(
    limit: str, is_reached: bool, expected: int
) -> None:
    found = of_redis(stats(limit=limit, limit_reached=is_reached), 1.0)

    assert found["log_trimmed_early"] == {"": expected}


def test_an_empty_queue_has_no_age_and_an_unknown_age_is_left_out() -> None:
    empty = {**stats(), "queue": {"length": 0, "oldest_seconds": None}}
    unknown = {**stats(), "queue": {"length": 1, "oldest_seconds": None}}

    assert of_redis(empty, 1.0)["queue_oldest_seconds"] == {"": 0}
    assert "queue_oldest_seconds" not in of_redis(unknown, 1.0)


def test_without_redis_there_is_nothing() -> None:
    assert of_redis({"queue": None, "log": None}, 1.0) == {}


def test_the_interval_is_that_of_those_who_settle() -> None:
    processes = [{"settings": {"poll_interval": each}} for each in (0.5, 3.0)]
    settled = {**stats(), "processes": [*processes, {"kind": "http"}]}

    assert of_redis(settled, 1.0)["poll_interval_seconds"] == {"": 3.0}
    assert of_redis(stats(), 1.0)["poll_interval_seconds"] == {"": 1.0}
