"""How much one address, or all holders of one token, may send in a second.

It knows callers by name only; `http_api.access.guard` finds out who they are.
"""

import logging
import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from common.bucket import Buckets
from common.refused import Refused

log = logging.getLogger(__name__)


class Measure(NamedTuple):
    """What is counted, and how a caller is told that it was too much."""

    error: str
    noun: str


REQUESTS = Measure("too_many_requests", "requests")
MESSAGES = Measure("too_many_messages", "messages")


class Meter:
    """Limits on one measure; `rates` has one for each kind of caller, 0 for none."""

    def __init__(
        self, measure: Measure, rates: Mapping[str, float], clock: Callable[[], float]
    ) -> None:
        self._measure = measure
        self._rates = {kind: rate for kind, rate in rates.items() if rate}
        self._buckets = {kind: Buckets(rate) for kind, rate in self._rates.items()}
        self._clock = clock

    def __bool__(self) -> bool:
        return bool(self._rates)

    def counts(self, kind: str) -> bool:
        """Whether there is a limit for this kind of caller."""
        return kind in self._rates

    def count(self, callers: Mapping[str, str], amount: int) -> None:
        """Count `amount` for each of `callers`, a name for each kind, or for none of them.

        Raises:
            Refused: it is too much for one of them.
        """
        now = self._clock()
        due = []
        for kind, buckets in self._buckets.items():
            name = callers.get(kind)
            if name is None:
                continue
            bucket = buckets.of(name, now)
            wait = bucket.wait(amount, now)
            if wait:
                raise self._refusal(kind, name, wait)
            due.append(bucket)
        for bucket in due:
            bucket.spend(amount)

    def _refusal(self, kind: str, name: str, wait: float) -> Refused:
        error, noun = self._measure
        log.debug("%s of %s %s", error, kind, name)
        reason = f"at most {self._rates[kind]:g} {noun} a second are taken from one {kind}"
        return Refused(error, reason, {"Retry-After": str(math.ceil(wait))})
