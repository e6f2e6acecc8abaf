"""What a process counts, and how it is read: plain numbers, which a snapshot collects.

Whoever counts has an `int`, `Counts` (by the value of a label) or `Buckets`, and needs to know
nothing else. No I/O here.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from common.metrics.families import BY_NAME, Family, Kind

# By name and by the value of the label, "" without one. Of a histogram: its sum, then how many
# fell into each bucket. It is JSON.
Value = float | list[float]
Snapshot = dict[str, dict[str, Value]]


class Counts(defaultdict[str, int]):
    """Numbers by the value of a label. A `Counter` of the library takes ten times as long."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(int)


class Buckets:
    """The values of a histogram."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, name: str) -> None:
        """Raises KeyError if there is no such family."""
        self.bounds = BY_NAME[name].bounds
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def note(self, value: float) -> None:
        """One more."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def note_many(self, value: float, times: int) -> None:
        """The same so many times."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times


Reading = float | Buckets | Mapping[Any, float] | Mapping[str, Buckets] | None


class Numbers:
    """All that a process counts."""

    def __init__(self) -> None:
        self._readers: dict[str, Callable[[], Reading]] = {}

    def add(self, name: str, read: Callable[[], Reading]) -> None:
        """Let a family be read from a number, from buckets, or from these by a label's value.

        Raises:
            KeyError: `common.metrics.families` has no such name.
        """
        self._readers[BY_NAME[name].name] = read

    def snapshot(self) -> Snapshot:
        """As they are now; what nobody knows (None) is left out."""
        readings = ((name, read()) for name, read in self._readers.items())
        return {name: _values(reading) for name, reading in readings if reading is not None}


def _values(reading: float | Buckets | Mapping[Any, Any]) -> dict[str, Value]:
    if isinstance(reading, Mapping):
        return {label: _value(each) for label, each in reading.items()}
    return {"": _value(reading)}


def _value(reading: float | Buckets) -> Value:
    return [reading.total, *reading.counts] if isinstance(reading, Buckets) else reading


def merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Of several workers: sums, and of some families the largest."""
    whole: Snapshot = {}
    for snapshot in snapshots:
        for name, values in snapshot.items():
            if name in BY_NAME:
                _merge(BY_NAME[name], whole.setdefault(name, {}), values)
    return whole


def counted(snapshot: Snapshot) -> Snapshot:
    """What holds also when its worker is gone: no gauge."""
    gauges = {each.name for each in BY_NAME.values() if each.kind is Kind.GAUGE}
    return {name: each for name, each in snapshot.items() if name not in gauges}


def _merge(family: Family, whole: dict[str, Value], more: Mapping[str, Value]) -> None:
    for label, value in more.items():
        known = whole.get(label)
        if known is None:
            whole[label] = value
        elif isinstance(known, list) and isinstance(value, list):
            whole[label] = [one + other for one, other in zip(known, value, strict=True)]
        elif not isinstance(known, list) and not isinstance(value, list):
            whole[label] = max(known, value) if family.is_largest else known + value
