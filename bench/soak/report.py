"""What a soak has found: a table of slopes, what grows, and a plot. No processes here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    "PSS": Kind("MiB", 1, 0.02),
    "RSS": Kind("MiB", 1, 0.02),
    "redis": Kind("MiB", 2, 0.05),
    "descriptors": Kind("", 20, 0.05),
    "objects": Kind("", 10_000, 0.02),  # So many are waited for until garbage is looked for.
    "greenlets": Kind("", 20, 0.05),
    "keys": Kind("", 50, 0.05),
}
# What is filled up to a number only, which takes longer than a run.
BOUNDED: Mapping[Key, float] = {
    ("keys", "receipts"): 10_000,
    ("keys", "asked"): 10_000,
    (
        "keys",
        "counted:",
    ): 60_000,  # Fields: of each receipt for some, three and one for each process.
}
DRAWN = ("PSS", "redis", "descriptors", "objects", "greenlets", "keys")
FEW = 20  # Entries; keys that never have more are not drawn.
HEAD = ("what", "of", "level", "an hour", "in this half", "noise", "")


@dataclass(frozen=True)
class Row:
    """One figure, such as the memory of one process, and how it moved."""

    kind: str
    name: str
    found: Trend

    @property
    def cells(self) -> tuple[str, ...]:
        it = self.found
        figures = map(shown, (it.level, it.per_hour, it.rise, it.noise))
        return (self.kind, self.name, *figures, "GROWS" if it.grows else "flat")


def rows(series: Mapping[Key, Sequence[Point]]) -> list[Row]:
    """Those of which there is enough to tell."""
    return list(_rows(series))


def _rows(series: Mapping[Key, Sequence[Point]]) -> Iterator[Row]:
    for (kind, name), points in sorted(series.items()):
        bound = BOUNDED.get((kind, name), 0)
        found = trend(points, max(KINDS[kind].tolerance, bound), KINDS[kind].share)
        if found is not None:
            yield Row(kind, name, found)


def growing(found: Sequence[Row]) -> list[str]:
    """A sentence for each figure that grows."""
    return [
        f"{row.kind} of {row.name} grows by {shown(row.found.per_hour)} {KINDS[row.kind].unit} "
        f"an hour: by {shown(row.found.rise)} in the second half, where noise is "
        f"{shown(row.found.noise)}"
        for row in found
        if row.found.grows
    ]


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
