from collections import Counter
from typing import Any

import pytest

from common.metrics import families, numbers
from common.metrics.families import COUNTER, GAUGE, HISTOGRAM, WS, Family
from common.metrics.numbers import Buckets, Numbers, counted, merged

TABLE = {
    each.name: each
    for each in (
        Family("done_total", COUNTER, WS, "", "kind", ("a", "b")),
        Family("here", GAUGE, WS, ""),
        Family("longest", GAUGE, WS, "", is_largest=True),
        Family("seconds", HISTOGRAM, WS, "", bounds=(0.1, 1.0)),
    )
}


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "BY_NAME", TABLE)
    monkeypatch.setattr(numbers, "BY_NAME", TABLE)


def test_a_snapshot_has_all_that_is_known_now() -> None:
    done, seconds = Counter({"a": 1}), Buckets("seconds")
    found = Numbers()
    found.add("done_total", lambda: done)
    found.add("seconds", lambda: seconds)
    found.add("here", lambda: 7)
    found.add("longest", lambda: None)
    done["b"] += 2
    for value in (0.1, 0.5, 3.0):  # A bound belongs to its bucket.
        seconds.note(value)

    assert found.snapshot() == {
        "done_total": {"a": 1, "b": 2},
        "seconds": {"": [3.6, 1, 1, 1]},
        "here": {"": 7},
    }


def test_buckets_can_have_a_label() -> None:
    seconds = {"push": Buckets("seconds")}
    seconds["push"].note(2)
    found = Numbers()
    found.add("seconds", lambda: seconds)

    assert found.snapshot() == {"seconds": {"push": [2, 0, 0, 1]}}


def test_a_name_that_is_not_in_the_table_cannot_be_counted() -> None:
    with pytest.raises(KeyError):
        Numbers().add("misspelt_total", lambda: 1)
    with pytest.raises(KeyError):
        Buckets("misspelt")


def test_workers_are_added_up_and_of_some_gauges_the_largest_counts() -> None:
    one: Any = {
        "done_total": {"a": 1},
        "here": {"": 2},
        "longest": {"": 5},
        "seconds": {"": [1, 2]},
    }
    two: Any = {
        "done_total": {"b": 3},
        "here": {"": 4},
        "longest": {"": 3},
        "seconds": {"": [4, 5]},
    }

    assert merged([one, two]) == {
        "done_total": {"a": 1, "b": 3},
        "here": {"": 6},
        "longest": {"": 5},
        "seconds": {"": [5, 7]},
    }
    assert one["seconds"] == {"": [1, 2]}


def test_of_a_worker_that_is_gone_no_gauge_is_left() -> None:
    assert counted({"done_total": {"a": 1}, "here": {"": 2}, "seconds": {"": [1, 2]}}) == {
        "done_total": {"a": 1},
        "seconds": {"": [1, 2]},
    }
