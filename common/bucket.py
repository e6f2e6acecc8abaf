"""How much may pass in a second: token buckets, for one caller and for many.

They decide and never wait: the caller is told how long to wait. They read no clock: each call
says what time it is.
"""

from collections import OrderedDict

MOST_BUCKETS = 10_000
HAIR = 1e-9  # Sums of floats can be so much too small.


class Bucket:
    """`rate` a second on average, and what a second gives (at least 1) at once.

    A larger amount passes when the bucket is full, and leaves it in debt: otherwise it would be
    refused for ever.
    """

    __slots__ = ("_burst", "_level", "_rate", "_then")

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._burst = self._level = max(rate, 1.0)
        self._then = now

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` may pass; 0.0 if it may now. Nothing is taken."""
        # Written out: `min` takes longer than all of it, for each request up to four times.
        level, burst = self._level + (now - self._then) * self._rate, self._burst
        self._level = level = level if level < burst else burst
        self._then = now
        missing = (amount if amount < burst else burst) - level
        return missing / self._rate if missing > HAIR else 0.0

    def spend(self, amount: float) -> None:
        """Take what `wait` has let pass."""
        self._level -= amount

    def room(self, now: float) -> int:
        """How many may pass now. Nothing is taken."""
        self.wait(0, now)
        return max(0, int(self._level + HAIR))

    def take(self, amount: float, now: float) -> float:
        """`wait`, and `spend` if there is nothing to wait for."""
        seconds = self.wait(amount, now)
        if not seconds:
            self.spend(amount)
        return seconds


class Buckets:
    """A bucket for each caller, by any key. Beyond `most`, the one not used for longest goes.

    A caller whose bucket is gone begins with a full one. That takes `most` other callers, and
    somebody with so many addresses or tokens gets around a limit for each of them anyway.
    """

    def __init__(self, rate: float, most: int = MOST_BUCKETS) -> None:
        self._rate = rate
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def of(self, key: str, now: float) -> Bucket:
        """The bucket of a caller, to be asked now."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._rate, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return bucket
