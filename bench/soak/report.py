"""What a soak has found: a table of slopes, what grows, and a plot. No processes here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

from bench import plot
from bench.soak.samples import Key
from bench.soak.slope import Point, Trend, trend


@dataclass(frozen=True)
class Kind:
    """Of a figure: its unit, and what is no growth: so much, or this share of the level."""

    unit: str
    tolerance: float
    share: float


KINDS: Mapping[str, Kind] = {
    "in use": Kind("MiB", 1.25, 0.025),
    "free": Kind("MiB", inf, 0),  # What is free grows to what was free at once: no leak.
    "anonymous": Kind("MiB", 2, 0.05),  # With what is free.
    "redis": Kind("MiB", 2, 0.05),
    "descriptors": Kind("", 20, 0.05),
    "objects": Kind("", 10_000, 0.02),  # So many are waited for until garbage is looked for.
    "greenlets": Kind("", 20, 0.05),
    "keys": Kind("", 50, 0.05),
}
# The same of a process that says what is in use. So much more would be free memory in pieces that
# are too small to be used again.
PIECES = Kind("MiB", 1, 0.1)
# What is filled up to a number only, which takes longer than a run.
BOUNDED: Mapping[Key, float] = {
    ("keys", "receipts"): 10_000,
    ("keys", "asked"): 10_000,
    (
        "keys",
        "counted:",
    ): 60_000,  # Fields: of each receipt for some, three and one for each process.
}
DRAWN = ("in use", "free", "anonymous", "redis", "descriptors", "objects", "greenlets", "keys")
LIVES, FULL = 5, 0.95
FEW = 20  # Entries; keys that never have more are not drawn.
HEAD = ("what", "of", "level", "an hour", "in all", "noise", "step", "")


@dataclass(frozen=True)
class Row:
    """One figure, such as the memory of one process, and how it moved."""

    kind: str
    name: str
    found: Trend

    @property
    def cells(self) -> tuple[str, ...]:
        it = self.found
        figures = map(shown, (it.level, it.per_hour, it.rise, it.noise, it.step))
        return (self.kind, self.name, *figures, "GROWS" if it.grows else "flat")


def rows(series: Mapping[Key, Sequence[Point]], begin: float = 0.0) -> list[Row]:
    """Those of which there is enough to tell; `begin`: when the warm-up was over, in seconds."""
    return list(_rows(series, begin))


def _rows(series: Mapping[Key, Sequence[Point]], begin: float) -> Iterator[Row]:
    for (kind, name), points in sorted(series.items()):
        how = PIECES if kind == "anonymous" and ("in use", name) in series else KINDS[kind]
        tolerance = max(how.tolerance, BOUNDED.get((kind, name), 0))
        found = trend([point for point in points if point[0] >= begin], tolerance, how.share)
        if found is not None:
            yield Row(kind, name, found)


def growing(found: Sequence[Row]) -> list[str]:
    """A sentence for each figure that grows."""
    return [
        f"{row.kind} of {row.name} grows by {shown(row.found.per_hour)} {KINDS[row.kind].unit} "
        f"an hour: by {shown(row.found.rise)} in {shown(row.found.minutes)} minutes, of which "
        f"{shown(row.found.noise)} may be noise"
        for row in found
        if row.found.grows
    ]


def warm_up(series: Mapping[Key, Sequence[Point]], life: float, seconds: float) -> float:
    """When everything is full that has a bound: after so many seconds.

    Of the clients that came at once at the beginning one of 150 is left after five lives, so they
    come and go evenly from then on; and the log has as much as it will have. That is more than what
    is remembered for a time takes, as long as those times are short. At most half of the run.
    """
    log = series.get(("keys", "log"), [(0.0, 0.0)])
    most = max(count for _, count in log)
    full = next(at for at, count in log if count >= FULL * most)
    return min(max(LIVES * life, full), seconds / 2)


def table(found: Sequence[Row]) -> str:
    """All of them, as text."""
    lines = [HEAD, *(row.cells for row in found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def shown(value: float) -> str:
    """Short, whatever its size."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{round(value, 4):.3g}"


def draw(series: Mapping[Key, Sequence[Point]], target: Path) -> None:
    """A panel for each kind, a line for each process or kind of key, over minutes."""
    kinds = [kind for kind in DRAWN if any(kind == each for each, _ in series)]
    figure, axes = plot.panels_of(len(kinds))
    for axis, kind in zip(axes, kinds, strict=False):
        for (each, name), points in sorted(series.items()):
            if each == kind and (kind != "keys" or max(value for _, value in points) > FEW):
                minutes, values = [at / 60 for at, _ in points], [value for _, value in points]
                axis.plot(minutes, values, label=name, lw=1)
        axis.set_title(f"{kind} {KINDS[kind].unit}".strip(), fontsize=10)
        axis.set_ylim(bottom=0)
        axis.set_xlabel("minutes", fontsize=8)
        axis.tick_params(labelsize=8)
        axis.legend(fontsize=6, ncols=3, framealpha=0.6)
        axis.grid(alpha=0.3)
    figure.savefig(target, dpi=110)
