"""In which order tests run when several processes share them: each process begins with long ones.

pytest-xdist gives each process an equal part of the list, in order, and whoever is done takes half
of what somebody else has left, from the end. So each part begins with tests that wait for servers,
and ends with those of milliseconds. Crowds are all in one part: two at a time would wait for each
other, and fail.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

# The files of tests/integration that take longest, part by part.
PARTS = (
    ("test_slots", "test_doors", "test_slow_loris", "test_bench"),
    ("test_chaos", "test_proxies", "test_protocol"),
    ("test_serve", "test_console_snippets", "test_distribution", "test_signals"),
    ("test_first_page", "test_who_may_listen", "test_autobahn", "test_resume"),
    ("test_main_job", "test_graceful", "test_redis_failures", "test_to_whom"),
)


def spread(tests: Sequence[T], processes: int, place: Callable[[T], tuple[str, str]]) -> list[T]:
    """`tests` for so many processes; `place` says in which folder and file one is."""
    parts: list[list[T]] = [[] for _ in range(processes)]
    where = {
        name: (number % processes, rank)
        for number, part in enumerate(PARTS)
        for rank, name in enumerate(part)
    }
    short: list[T] = []
    waiting: dict[str, list[T]] = {}
    for test in tests:
        folder, name = place(test)
        (waiting.setdefault(name, []) if folder == "integration" else short).append(test)
    known = sorted((name for name in waiting if name in where), key=lambda name: where[name][1])
    for name in known:
        parts[where[name][0]] += waiting.pop(name)
    for group in waiting.values():
        min(parts, key=len).extend(group)
    return _filled(parts, short)


def _filled(parts: list[list[T]], short: list[T]) -> list[T]:
    """The parts in a row, each with as many short ones as make it as long as the others."""
    found: list[T] = []
    left = sum(map(len, parts)) + len(short)
    for at, part in enumerate(parts):
        size = left // (len(parts) - at)
        fill = max(0, size - len(part))
        found += part + short[:fill]
        del short[:fill]
        left -= len(part) + fill
    return found + short
