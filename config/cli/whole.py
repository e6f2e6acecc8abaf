"""How the whole is, as text for a terminal: what `GET /stats` says, for people.

It asks nobody. What a newer or an older server does not say is left out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from config.printable import printable

Fields = Mapping[str, Any]
UNITS = ((86400, "d"), (3600, "h"), (60, "min"))
BARS = "▁▂▃▄▅▆▇█"
HEAD = ("KIND", "HOST", "PID", "VERSION", "UP", "MEMORY", "LISTENERS", "BEHIND", "A SECOND")
RATES = ("pushes", "settled", "deliveries")


def summary(stats: Fields) -> Iterator[tuple[str, str]]:
    """The lines about all processes together: what it is about, and how it is."""
    yield "Redis", _redis(stats.get("redis") or {})
    if queue := stats.get("queue"):
        yield "Queue", _queue(queue)
    if log := stats.get("log"):
        yield "Log", _log(log)
    if totals := stats.get("totals"):
        yield "Listeners", _listeners(totals)
        rates = totals.get("rates") or {}
        yield "A second", ", ".join(f"{rates[name]:,.0f} {name}" for name in RATES if name in rates)


def table(processes: Iterable[Fields]) -> list[str]:
    """A line for each process, under a head."""
    rows = [HEAD, *map(_row, processes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def curve(values: Sequence[float], width: int) -> str:
    """The newest values as bars, the largest as the highest."""
    shown = values[-width:]
    most = max(shown, default=0) or 1
    return "".join(BARS[round(value / most * (len(BARS) - 1))] for value in shown)


def span(seconds: float) -> str:
    """A time in its largest unit."""
    for size, unit in UNITS:
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _redis(redis: Fields) -> str:
    server = printable(str(redis.get("server") or "Redis"))
    if not redis.get("ok"):
        return f"{server} does not answer"
    return f"{server}, answers in {redis.get('round_trip_ms') or 0:.1f} ms"


def _queue(queue: Fields) -> str:
    oldest = queue.get("oldest_seconds")
    waiting = f"{queue.get('length', 0):,} waiting"
    return waiting if oldest is None else f"{waiting}, the oldest for {span(oldest)}"


def _log(log: Fields) -> str:
    bytes_ = log.get("bytes")
    told = f"{log.get('length', 0):,} messages over {span(log.get('span_seconds') or 0)}"
    told += f", {bytes_ / 2**20:,.1f} MiB" if bytes_ is not None else ""
    limit = log.get("limit")
    if not limit:
        return told
    return f"{told}; {limit} {'bounds it' if log.get('limit_reached') else 'will bound it'}"


def _listeners(totals: Fields) -> str:
    about = "" if totals.get("exact", True) else "about "
    return (
        f"{totals.get('connections', 0):,} connected, {totals.get('behind', 0):,} behind; "
        f"{about}{totals.get('users', 0):,} users, {totals.get('channels', 0):,} channels"
    )


def _row(process: Fields) -> tuple[str, ...]:
    memory, connections = process.get("memory"), process.get("connections")
    rates = process.get("rates") or {}
    cells = (
        process.get("kind", ""),
        process.get("host", ""),
        process.get("pid", ""),
        process.get("version", ""),
        span(process.get("uptime", 0)),
        "" if memory is None else f"{memory / 2**20:.0f} MiB",
        "" if connections is None else f"{sum(connections.values()):,}",
        f"{process['behind']:,}" if "behind" in process else "",
        ", ".join(f"{rate:,.0f} {name}" for name, rate in rates.items()),
    )
    return tuple(printable(str(cell)) for cell in cells)
