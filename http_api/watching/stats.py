"""`Stats`: how the whole is, for people who look at it: processes, queue, log, Redis, totals.

It asks Redis at most once in FRESH seconds, however many look. Without Redis it says so, and what
this process knows by itself. It knows no route and no token.
"""

from collections.abc import Callable
from time import monotonic
from typing import Any

from common.errors import QueueUnavailable
from common.message import Mark
from common.store.beats import Beat, Beats, Whole
from common.store.log_state import Retention
from common.store.queue_age import QueueAge
from config.settings import Settings
from http_api.access.waiting import Turn
from http_api.reading.answers import SUCCESS

FRESH = 0.5  # Seconds.
ANOTHER_VERSION = 60.0  # Seconds after which Redis is asked again what it is.
RATES = ("settled", "deliveries", "pushes")  # Of the whole. (Each process sends every message.)


class Stats:
    """`say` is what this process says of itself; `queue_age` is told by its pulse."""

    def __init__(self, beats: Beats, turn: Turn, settings: Settings, version: str) -> None:
        self._beats = beats
        self._turn = turn
        self._settings = settings
        self._version = version
        self._queue_age = QueueAge()
        self._say: Callable[[float], dict[str, Any]] | None = None
        self._process = ""
        self._answer: dict[str, Any] = {}
        self._until = 0.0
        self._server, self._asked = "", -ANOTHER_VERSION

    def hear(
        self, process: str, say: Callable[[float], dict[str, Any]], queue_age: QueueAge
    ) -> None:
        """Learn what this process says of itself."""
        self._process, self._say, self._queue_age = process, say, queue_age

    def read(self) -> dict[str, Any]:
        """Everything.

        Raises:
            Refused: too many wait for Redis.
        """
        with self._turn():
            now = monotonic()
            if now >= self._until:
                self._answer = self._ask(now)
                self._until = monotonic() + FRESH
            return self._answer

    def _ask(self, now: float) -> dict[str, Any]:
        try:
            whole = self._beats.read()
            round_trip = self._beats.round_trip()
            if not self._server or now - self._asked > ANOTHER_VERSION:
                self._server, self._asked = self._beats.server_version(), now
        except QueueUnavailable:
            return self._without_redis(now)
        processes = [_process(each) for each in sorted(whole.beats, key=_order)]
        return {
            **SUCCESS,
            "version": self._version,
            "time": whole.sample.time,
            "processes": processes,
            "totals": _totals(processes, whole),
            "queue": {
                "length": whole.sample.waiting,
                "oldest_seconds": self._queue_age.seconds(whole.sample),
            },
            "log": _log(whole, self._retention(processes)),
            "redis": {
                "ok": True,
                "server": self._server,
                "round_trip_ms": round(round_trip * 1000, 2),
            },
        }

    def _without_redis(self, now: float) -> dict[str, Any]:
        own = [] if self._say is None else [Beat(self._process, 0.0, self._say(now))]
        return {
            **SUCCESS,
            "version": self._version,
            "time": None,
            "processes": [_process(each) for each in own],
            "totals": None,
            "queue": None,
            "log": None,
            "redis": {"ok": False, "server": self._server, "round_trip_ms": None},
        }

    def _retention(self, processes: list[dict[str, Any]]) -> Retention:
        """How much the log keeps: as those who settle say, who may be on another machine."""
        for each in processes:
            if told := each.get("settings"):
                bytes_ = told.get("history_bytes", 0)  # An older version does not know it.
                return Retention(told["history_size"], told["history_seconds"], bytes_)
        own = self._settings
        return Retention(own.history_size, own.history_seconds, own.history_bytes)


def _order(beat: Beat) -> tuple[str, int, str]:
    return beat.said["kind"], beat.said["started"], beat.process


def _process(beat: Beat) -> dict[str, Any]:
    return {"process": beat.process, "age": round(beat.age, 1), **beat.said}


def _totals(processes: list[dict[str, Any]], whole: Whole) -> dict[str, Any]:
    rates = [each["rates"] for each in processes]
    return {
        "connections": sum(sum(each.get("connections", {}).values()) for each in processes),
        "behind": sum(each.get("behind", 0) for each in processes),
        "users": whole.users,
        "channels": whole.channels,
        "exact": whole.is_exact,
        "rates": {name: round(sum(each.get(name, 0) for each in rates), 1) for name in RATES},
    }


def _log(whole: Whole, retention: Retention) -> dict[str, Any]:
    first, last = whole.first >> 64, whole.last >> 64  # Milliseconds.
    span = (last - first) / 1000
    limit, is_reached = retention.met_first(whole.log_length, span, whole.log_bytes or 0)
    return {
        "length": whole.log_length,
        "bytes": whole.log_bytes,
        "oldest": first or None,
        "newest": last or None,
        "span_seconds": span,
        "last_id": str(Mark(whole.epoch, whole.last)) if whole.epoch and whole.last else None,
        "history_size": retention.size,
        "history_seconds": retention.seconds,
        "history_bytes": retention.bytes,
        "limit": limit,
        "limit_reached": is_reached,
    }
