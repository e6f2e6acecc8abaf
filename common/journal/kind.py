"""Lines of one kind, of which there may be thousands a second: ten are told, the others counted.

Whoever has an event on a way that must be short asks `is_open` first, and else counts it in
`missed`: that is all it costs then. After the second a line says how many more there were.
"""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

import gevent

LINES = 10  # Of a kind in one second.
SECOND = 1.0

Later = Callable[[float, Callable[[], None]], object]  # Calls back after so many seconds.


class Kind:
    """For one event loop: no lock. Where no loop of gevent runs, `tell` itself begins anew."""

    __slots__ = (
        "_clock",
        "_later",
        "_left",
        "_level",
        "_log",
        "_name",
        "_since",
        "is_open",
        "missed",
    )

    def __init__(
        self,
        log: logging.Logger,
        name: str,
        level: int = logging.INFO,
        *,
        later: Later = gevent.spawn_later,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`name` is the `event` of its lines. Logging must be set up already."""
        self._name = name
        self.is_open = log.isEnabledFor(level)
        self.missed = 0
        self._log = log
        self._level = level
        self._later = later
        self._clock = clock
        self._left = LINES if self.is_open else 0
        self._since = clock()

    def tell(self, message: str, *given: Any, **fields: Any) -> None:
        """Log a line, if there is room; else it is counted. Fields that are None are left out."""
        now = self._clock()
        if now - self._since >= SECOND:
            self._begin(now)
        if not self.is_open:
            self.missed += 1
            return
        self._write(message, given, fields)
        self._left -= 1
        if not self._left:
            self.is_open = False
            self._later(self._since + SECOND - now, self._open)

    def _open(self) -> None:
        if not self.is_open:
            self._begin(self._clock())

    def _begin(self, now: float) -> None:
        self._since = now
        if not self._log.isEnabledFor(self._level):
            return
        missed, self.missed = self.missed, 0
        self.is_open, self._left = True, LINES
        if missed:
            self._write("… and %d more lines of this kind: %s", (missed, self._name), {})

    def _write(self, message: str, given: tuple[Any, ...], fields: dict[str, Any]) -> None:
        known = {name: value for name, value in fields.items() if value is not None}
        extra = {"event": self._name, "told": known}
        self._log.log(self._level, message, *given, extra=extra)
