from typing import Any

import pytest

from config.cli.whole import BARS, curve, span, summary, table

STATS: dict[str, Any] = {
    "redis": {"ok": True, "server": "Valkey 9.1.2", "round_trip_ms": 0.24},
    "queue": {"length": 1200, "oldest_seconds": 90.0},
    "log": {
        "length": 5,
        "span_seconds": 7200,
        "limit": "HISTORY_SIZE",
        "limit_reached": True,
        "bytes": 3 * 2**19,
    },
    "totals": {
        "connections": 1003,
        "behind": 2,
        "users": 3,
        "channels": 4,
        "exact": False,
        "rates": {"pushes": 1.4, "settled": 2.5, "deliveries": 7400.0, "new": 1},
    },
}
WS: dict[str, Any] = {
    "kind": "ws",
    "host": "web1",
    "pid": 42,
    "version": "0.2.0",
    "uptime": 4000,
    "memory": 48 * 2**20,
    "connections": {"text": 1000, "json": 3},
    "behind": 2,
    "rates": {"sent": 2.5},
}


def test_the_whole_is_told_in_lines() -> None:
    assert dict(summary(STATS)) == {
        "Redis": "Valkey 9.1.2, answers in 0.2 ms",
        "Queue": "1,200 waiting, the oldest for 1.5 min",
        "Log": "5 messages over 2.0 h, 1.5 MiB; HISTORY_SIZE bounds it",
        "Listeners": "1,003 connected, 2 behind; about 3 users, 4 channels",
        "A second": "1 pushes, 2 settled, 7,400 deliveries",
    }


def test_without_redis_it_says_so_and_no_more() -> None:
    nothing = dict.fromkeys(("queue", "log", "totals"))

    assert dict(summary({**nothing, "redis": {"ok": False, "server": ""}})) == {
        "Redis": "Redis does not answer"
    }


def test_each_process_is_a_line_under_a_head() -> None:
    http = {"kind": "http", "host": "a-long-name", "pid": 7, "uptime": 1, "rates": {}}

    assert table([http, WS]) == [
        "KIND  HOST         PID  VERSION  UP     MEMORY  LISTENERS  BEHIND  A SECOND",
        "http  a-long-name  7             1 s",
        "ws    web1         42   0.2.0    1.1 h  48 MiB  1,003      2       2 sent",
    ]


def test_what_a_process_says_orders_no_terminal_about() -> None:
    assert "\x1b" not in "".join(table([{**WS, "host": "\x1b[2J"}]))


def test_a_curve_shows_the_newest_and_the_largest_is_the_highest() -> None:
    assert curve([100, 0, 7, 3.5], 3) == BARS[0] + BARS[7] + BARS[4]
    assert curve([0, 0], 10) == BARS[0] * 2
    assert curve([], 10) == ""


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (59, "59 s"), (60, "1.0 min"), (5400, "1.5 h"), (2e5, "2.3 d")],
)
def test_a_time_is_told_in_its_largest_unit(seconds: float, told: str) -> None:
    assert span(seconds) == told
