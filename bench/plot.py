"""Tables as PNG: bars of one run, lines of a series. Without matplotlib nothing is drawn."""

from collections.abc import Sequence
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any

from bench.table import Table, shown

WIDTH, HEIGHT = 6.4, 3.2  # Inches of one panel.
LINEAR = 30  # A wider range than so many times is drawn on a logarithmic axis.
OURS, OTHERS = "#1f6feb", "#9aa4b2"


def is_available() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def bars(tables: Sequence[Table], target: Path) -> None:
    """A panel for each charted column, a bar for each subject."""
    panels = [(table, column) for table in tables for column in table.charts]
    figure, axes = panels_of(len(panels))
    for axis, (table, column) in zip(axes, panels, strict=False):
        found = table.column(column)[::-1]
        names, values = [name for name, _ in found], [value for _, value in found]
        colours = [OURS if name.startswith("ours") else OTHERS for name in names]
        drawn = axis.barh(names, values, color=colours)
        axis.bar_label(drawn, labels=[shown(value) for value in values], padding=3, fontsize=8)
        if values and max(values) > LINEAR * min(values):
            axis.set_xscale("log")
            axis.set_xlim(min(values) / 3, max(values) * 6)  # Room for the figures.
        else:
            axis.margins(x=0.2)
        axis.set_title(f"{table.title}: {column}", fontsize=10)
        axis.tick_params(labelsize=8)
    figure.savefig(target, dpi=120)


def lines(tables: Sequence[Table], target: Path) -> None:
    """A panel for each charted column, over the number that names each row."""
    panels = [(table, column) for table in tables for column in table.charts]
    figure, axes = panels_of(len(panels))
    for axis, (table, column) in zip(axes, panels, strict=False):
        found = table.column(column)
        at, values = [float(name) for name, _ in found], [value for _, value in found]
        axis.plot(at, values, "o-", color=OURS)
        axis.set_xscale("symlog", linthresh=10)
        axis.set_xticks(at, [name for name, _ in found])
        axis.minorticks_off()
        axis.set_ylim(bottom=0)
        axis.set_title(f"{table.title}: {column}", fontsize=10)
        axis.grid(alpha=0.3)
    figure.savefig(target, dpi=120)


def panels_of(panels: int) -> tuple[Any, list[Any]]:
    """A figure with so many panels, two in a row."""
    from matplotlib.figure import Figure  # noqa: PLC0415  # It is optional.

    columns = min(2, max(1, panels))
    rows = max(1, ceil(panels / columns))
    figure = Figure(figsize=(WIDTH * columns, HEIGHT * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    axes = [axis for row in grid for axis in row]
    for unused in axes[panels:]:
        unused.set_axis_off()
    return figure, axes
