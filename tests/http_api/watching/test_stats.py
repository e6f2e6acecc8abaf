"""How the whole is, as it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from common.errors import QueueUnavailable
from common.store.beats import Beat, Sample, Whole
from common.store.queue_age import QueueAge
from config.settings import Settings
from http_api.watching import stats as module
from http_api.watching.stats import Stats
from tests.support.openapi import DOCUMENT, validate
from tests.support.reads import FakeBeats

MINUTE = 60_000 << 64
WS: dict[str, Any] = {
    "kind": "ws",
    "version": "0.2.0",
    "pid": 2,
    "host": "a",
    "started": 2,
    "uptime": 1.0,
    "memory": 1,
    "connections": {"text": 3, "json": 1},
    "behind": 1,
    "closing": 0,
    "rates": {"settled": 2.0, "sent": 4.0, "deliveries": 8.0},
    "settings": {
        "delivery": "timer",
        "poll_interval": 1.0,
        "history_size": 5000,
        "history_seconds": 600,
        "history_bytes": 16_000_000,
    },
}
HTTP = {
    "kind": "http",
    "version": "0.2.0",
    "pid": 1,
    "host": "a",
    "started": 1,
    "uptime": 1.0,
    "memory": 1,
    "rates": {"pushes": 2.5},
    "streams": 0,
}


@contextmanager
def turn() -> Iterator[None]:
    yield


@pytest.fixture
def beats() -> FakeBeats:
    return FakeBeats()


@pytest.fixture
def stats(beats: FakeBeats, monkeypatch: pytest.MonkeyPatch) -> Stats:
    monkeypatch.setattr(module, "FRESH", 0.0)
    return Stats(beats, turn, Settings(), "0.2.0")


def whole(**known: Any) -> Whole:
    given: dict[str, Any] = {"sample": Sample(1000, 0, 0), "epoch": "e1", **known}
    return Whole(**given)


def test_the_answer_is_as_documented(stats: Stats, beats: FakeBeats) -> None:
    beats.whole = whole(beats=[Beat("b", 1.23, WS), Beat("a", 0.5, HTTP)], users=1, channels=2)

    found = stats.read()

    validate(found, DOCUMENT["components"]["schemas"]["Stats"])
    assert [each["process"] for each in found["processes"]] == ["a", "b"]
    assert found["processes"][1]["age"] == 1.2
    assert found["redis"] == {"ok": True, "server": "Valkey 9.1.2", "round_trip_ms": 0.2}


def test_totals_are_of_all_processes(stats: Stats, beats: FakeBeats) -> None:
    beats.whole = whole(
        beats=[Beat("a", 0, WS), Beat("b", 0, WS), Beat("c", 0, HTTP)], users=5, is_exact=False
    )

    assert stats.read()["totals"] == {
        "connections": 8,
        "behind": 2,
        "users": 5,
        "channels": 0,
        "exact": False,
        "rates": {"settled": 4.0, "deliveries": 16.0, "pushes": 2.5},
    }


def test_the_age_of_the_queue_is_told(stats: Stats, beats: FakeBeats) -> None:
    age = QueueAge()
    age.note(Sample(1000, 5, 2))
    stats.hear("a", lambda _now: HTTP, age)
    beats.whole = whole(sample=Sample(4000, 5, 3))

    assert stats.read()["queue"] == {"length": 3, "oldest_seconds": 3.0}


@pytest.mark.parametrize(
    ("length", "minutes", "limit", "is_reached"),
    [
        (0, 0, None, False),
        (1, 0, None, False),
        (100, 1, "HISTORY_SECONDS", False),  # 5000 would take 50 minutes.
        (1000, 1, "HISTORY_SIZE", False),  # 5000 would take 5 minutes.
        (5000, 9, "HISTORY_SIZE", True),
        (100, 10, "HISTORY_SECONDS", True),
    ],
)
def test_it_says_which_bound_the_log_meets_first(
    stats: Stats, beats: FakeBeats, length: int, minutes: int, limit: str | None, is_reached: bool
) -> None:
    first = MINUTE if length else 0
    beats.whole = whole(
        log_length=length, first=first, last=first + minutes * MINUTE, beats=[Beat("a", 0, WS)]
    )

    log = stats.read()["log"]

    assert (log["limit"], log["limit_reached"]) == (limit, is_reached)
    assert (log["history_size"], log["history_seconds"]) == (5000, 600)
    assert log["span_seconds"] == minutes * 60


def test_bytes_bound_the_log_where_messages_are_large(stats: Stats, beats: FakeBeats) -> None:
    beats.whole = whole(
        log_length=100,
        log_bytes=15_500_000,
        first=MINUTE,
        last=2 * MINUTE,
        beats=[Beat("a", 0, WS)],
    )
    log = stats.read()["log"]

    assert (log["bytes"], log["history_bytes"]) == (15_500_000, 16_000_000)
    assert (log["limit"], log["limit_reached"]) == ("HISTORY_BYTES", True)


def test_a_process_of_an_older_version_bounds_no_bytes(stats: Stats, beats: FakeBeats) -> None:
    told = {name: value for name, value in WS["settings"].items() if name != "history_bytes"}
    beats.whole = whole(beats=[Beat("a", 0, {**WS, "settings": told})])

    assert stats.read()["log"]["history_bytes"] == 0


def test_without_a_process_that_settles_our_own_settings_are_told(
    stats: Stats, beats: FakeBeats
) -> None:
    beats.whole = whole(beats=[Beat("a", 0, HTTP)])

    assert stats.read()["log"]["history_size"] == Settings().history_size


def test_without_redis_it_is_said_and_so_is_what_this_process_knows(
    stats: Stats, beats: FakeBeats
) -> None:
    beats.fault = QueueUnavailable("gone")
    stats.hear("a", lambda _now: HTTP, QueueAge())

    found = stats.read()

    validate(found, DOCUMENT["components"]["schemas"]["Stats"])
    assert found["redis"]["ok"] is False
    assert [each["process"] for each in found["processes"]] == ["a"]
    assert "gone" not in str(found)


def test_many_who_look_cost_redis_one_look(
    stats: Stats, beats: FakeBeats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH", 60.0)

    assert stats.read() == stats.read()

    assert beats.reads == 1
