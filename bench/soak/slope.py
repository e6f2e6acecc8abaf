"""Whether a series of figures grows, or only moves up and down. No I/O here.

What grows without end is told from three other things:

- *Warm-up*: memory, the log and the ids of pushes are filled. The caller says when that is over.
- *A step*: what was in use at once was more than ever before, or a table of a fixed kind was
  doubled. So a line is fitted on each side of the greatest step, both with one slope: a leak rises
  on both sides, a step on none.
- *Noise*: figures that follow each other are alike, as clients stay for a minute. So the series is
  cut into blocks that are longer than that, and only their medians are looked at: how far these
  lie from the lines says how exactly the slope is known.

It grows if the slope is more than `SURE` times its error, and if what that makes in the time seen
is more than a trifle: a step that noise hides is not found, and makes a slope of up to 1.5 of it.
In series like those of a run of half an hour, 25 minutes of which are looked at, a leak of 5 MiB an
hour is always found, and one of 4 in six of seven; a step is called growth in one of 30 at worst.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import fmean, median

HOUR = 3600.0
BLOCKS = 12
FEWEST = 6  # Points that tell anything.
SURE = 5.0

Point = tuple[float, float]  # Seconds, and the figure then.


@dataclass(frozen=True)
class Trend:
    """How a figure moves after the warm-up: so much an hour, and `rise` in all of that time.

    `noise` is by how much `rise` may be wrong, and `step` is the greatest step.
    """

    level: float
    minutes: float
    per_hour: float
    rise: float
    noise: float
    step: float
    grows: bool


def trend(points: Sequence[Point], tolerance: float, share: float = 0.0) -> Trend | None:
    """None if there are too few points.

    A rise by less than `tolerance`, or than this share of the level, is a trifle.
    """
    if len(points) < FEWEST:
        return None
    blocks = _blocks(points)
    sides = ((blocks[:place], blocks[place:]) for place in range(1, len(blocks)))
    slope, error, step = min(map(_fit, sides))[1:]
    span = points[-1][0] - points[0][0]
    level = median(value for _, value in points)
    rise, noise = slope * span, SURE * error * span
    grows = rise > max(noise, tolerance, share * level)
    return Trend(level, span / 60, slope * HOUR, rise, noise, step, grows)


def _blocks(points: Sequence[Point]) -> list[Point]:
    """The median of each."""
    count = min(BLOCKS, len(points))
    ends = [len(points) * number // count for number in range(count + 1)]
    parts = [points[start:end] for start, end in pairwise(ends)]
    return [(median(at for at, _ in part), median(value for _, value in part)) for part in parts]


def _fit(sides: tuple[Sequence[Point], Sequence[Point]]) -> tuple[float, float, float, float]:
    """Lines of one slope on both sides (least squares): what they leave, the slope, how exactly
    that is known, and the step between them."""
    middles = [(fmean(at for at, _ in side), fmean(value for _, value in side)) for side in sides]
    pairs = [
        (at - middle[0], value - middle[1])
        for side, middle in zip(sides, middles, strict=True)
        for at, value in side
    ]
    spread = sum(at * at for at, _ in pairs)
    slope = sum(at * value for at, value in pairs) / spread
    left = sum((value - slope * at) ** 2 for at, value in pairs)
    (before, low), (after, high) = middles
    error = sqrt(left / (len(pairs) - 3) / spread)
    return left, slope, error, high - low - slope * (after - before)
