"""What a process of the HTTP API shows to Prometheus, and where each number comes from."""

from typing import Any

from common.metrics.numbers import Numbers, Snapshot
from http_api.watching.tally import Tally


def numbers_of(tally: Tally) -> Numbers:
    """What it counts."""
    numbers = Numbers()
    numbers.add("pushes_total", tally.results)
    numbers.add("push_messages_total", tally.messages)
    return numbers


def of_redis(stats: dict[str, Any], poll_interval: float) -> Snapshot:
    """What Redis knows, as `GET /stats` says it: the same in all processes. Nothing without it.

    `poll_interval` is ours: the best guess while nobody settles.
    """
    queue, log = stats["queue"], stats["log"]
    if queue is None or log is None:
        return {}
    is_early = log["limit_reached"] and log["limit"] != "HISTORY_SECONDS"
    found = {
        "queue_messages": queue["length"],
        "queue_oldest_seconds": queue["oldest_seconds"] if queue["length"] else 0,
        "poll_interval_seconds": max(_poll_intervals(stats["processes"]), default=poll_interval),
        "log_messages": log["length"],
        "log_span_seconds": log["span_seconds"],
        "log_trimmed_early": int(is_early),
    }
    return {name: {"": value} for name, value in found.items() if value is not None}


def _poll_intervals(processes: list[dict[str, Any]]) -> list[float]:
    return [each["settings"]["poll_interval"] for each in processes if "settings" in each]
