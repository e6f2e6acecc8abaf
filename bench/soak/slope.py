"""Whether a series of figures grows, or only moves up and down. No I/O here.

Only the second half counts: until then memory, the log and the ids of pushes are filled. The slope
is the median of the slopes between any two points (Theil and Sen), so a few odd points do not
move it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

HOUR = 3600.0
SIGMA = 1.4826  # Of a normal distribution, for a median of distances from the median.
BEYOND = 3.0  # So many of the spread are beyond noise.
FEWEST = 6  # Points that tell anything.

Point = tuple[float, float]  # Seconds, and the figure then.


@dataclass(frozen=True)
class Trend:
    """How a figure moves in the second half: so much an hour, and `rise` in all of that half.

    `noise` is how much it moves up and down around that.
    """

    level: float
    per_hour: float
    rise: float
    noise: float
    grows: bool


def trend(points: Sequence[Point], tolerance: float, share: float = 0.0) -> Trend | None:
    """Of the second half; None if there are too few points.

    Less than `tolerance`, or than this share of the level, is no growth.
    """
    half = points[len(points) // 2 :]
    if len(half) < FEWEST:
        return None
    slope = median((b - a) / (t - s) for (s, a), (t, b) in combinations(half, 2))
    middle = median(value - slope * at for at, value in half)
    noise = SIGMA * median(abs(value - middle - slope * at) for at, value in half)
    level = median(value for _, value in half)
    rise = slope * (half[-1][0] - half[0][0])
    grows = rise > max(BEYOND * noise, tolerance, share * level)
    return Trend(level, slope * HOUR, rise, noise, grows)
