"""How many messages a stream shows, if who reads has asked for a sample. No I/O here."""

from common.bucket import Bucket


class Sample:
    """`most` a second on average, and a second's worth at once; None: all of them."""

    def __init__(self, most: int | None, now: float) -> None:
        self._bucket = None if most is None else Bucket(most, now)

    @property
    def is_all(self) -> bool:
        """Whether nothing is ever left out."""
        return self._bucket is None

    def too_many(self, count: int, now: float, *, is_end: bool) -> int:
        """How many of so many are left out: the oldest. Before the end all, as newer ones come."""
        if self._bucket is None:
            return 0
        shown = min(count, self._bucket.room(now)) if is_end else 0
        self._bucket.spend(shown)
        return count - shown
