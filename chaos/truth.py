"""The log as Valkey has kept it, the pushes, and whether they agree; what readers are held to.

No I/O here.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from chaos.kept import UNREADABLE, Kept
from chaos.pushes import Pushes
from chaos.wrong import Wrong

# Seconds after which an acknowledged push is on disk. Valkey answers before, and puts off
# writing for 2 seconds at most while it waits for the disk (appendfsync everysec).
DURABLE_AFTER = 3.0
LATE = 12.0  # Seconds that a message or an answer can be on its way to one who is stopped.
UNKNOWN = -1


class Truth:
    """Places in the log: counted from 0, of all that ever entered it."""

    def __init__(
        self, kept: Kept, pushes: Pushes, valkey_kills: Sequence[float] = (), marker: str = ""
    ) -> None:
        self.log = kept.log
        self.tried = pushes.tried
        self.acknowledged = pushes.acknowledged
        self.lost_by_valkey = 0  # Acknowledged, and never written to disk, or thrown away.
        self._queued = set(kept.queued)
        self._unreadable = (kept.queued.count(UNREADABLE), kept.rejected)
        self._wiped = kept.wiped
        self._evicted = kept.evicted
        self._kills = valkey_kills
        self._ids = [each.id for each in kept.log]
        self._by_id = {each.id: place for place, each in enumerate(kept.log)}
        self._by_label = {each.label: place for place, each in enumerate(kept.log)}
        # Up to where every reader must have come.
        self.end = self._by_label.get(marker, len(kept.log) - 1) + 1

    def after(self, id_: str) -> int:
        """The place of the first message after an id."""
        return bisect_right(self._ids, redis_id(id_))

    def of_id(self, id_: str) -> int:
        """The place of a message; UNKNOWN if the log that was kept does not have it."""
        return self._by_id.get(redis_id(id_), UNKNOWN)

    def of_label(self, label: str) -> int:
        """The same by its label."""
        return self._by_label.get(label, UNKNOWN)

    def wiped_before(self, place: int) -> int:
        """The first place of the log as it is at `place`: all before was thrown away at once."""
        at = bisect_right(self._wiped, place)
        return self._wiped[at - 1] if at else 0

    def may_have_lost(self, since: float) -> bool:
        """Whether what was known at that time can have been lost by a kill -9 of Valkey."""
        return any(since - LATE <= kill <= since + DURABLE_AFTER for kill in self._kills)

    def check(self) -> Iterator[Wrong]:
        """What is wrong with the log itself, for all readers alike."""
        for label, count in Counter(each.label for each in self.log).items():
            if label not in self.tried:
                yield Wrong("never pushed", label, "the log")
            if count > 1:
                yield Wrong("doubled", label, "the log", f"{count} times")
        for label, time in self.acknowledged.items():
            if label not in self._by_label:
                yield from self._lost(label, time)
        yield from self._set_aside()
        yield from self._swapped()

    def _lost(self, label: str, time: float) -> Iterator[Wrong]:
        if label in self._evicted:
            self.lost_by_valkey += 1
        elif label in self._queued:
            yield Wrong("missing", label, "the log", "it was queued, and has not come further")
        elif self.may_have_lost(time):
            self.lost_by_valkey += 1
        else:
            yield Wrong("missing", label, "the queue", "acknowledged, and never queued")

    def _set_aside(self) -> Iterator[Wrong]:
        queued, rejected = self._unreadable
        if queued != rejected:
            where = f"{queued} were queued, {rejected} set aside"
            what = "missing" if rejected < queued else "doubled"
            yield Wrong(what, "an envelope that cannot be read", "the list of them", where)

    def _swapped(self) -> Iterator[Wrong]:
        """A publisher begins a push when the one before is done: so the log has their order."""
        numbers: dict[str, list[int]] = {}
        for each in self.log:
            name, _, number = each.label.rpartition("-")
            if each.label in self.acknowledged:
                numbers.setdefault(name, []).append(int(number))
        for name, its in numbers.items():
            for one, next_ in pairwise(its):
                if next_ < one:
                    yield Wrong("out of order", f"{name}-{next_}", "the log", f"after {one}")


def redis_id(id_: str) -> tuple[int, int]:
    """The two numbers at its end; what comes before them changes when the log loses something."""
    milliseconds, sequence = id_.split("-")[-2:]
    return int(milliseconds), int(sequence)
