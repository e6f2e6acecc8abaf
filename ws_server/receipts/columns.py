"""Numbers that stand side by side, of which whole stretches are changed at once.

A client that confirms a thousand messages changes a thousand numbers; here that costs as much as
to change one. No I/O here.
"""

from itertools import accumulate


class Column:
    """Numbers, by place; the first is at 0."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        # How much each differs from the one before it; the last is a step back to 0.
        self._steps = [0]

    def append(self, number: int, times: int = 1) -> None:
        """The same number so many times more at the end."""
        self._steps[-1] += number
        self._steps += [0] * (times - 1)
        self._steps.append(-number)

    def repeat(self, place: int) -> None:
        """The number at a place once more behind it."""
        self._steps.insert(place + 1, 0)

    def add(self, start: int, end: int, number: int) -> None:
        """Add to all from one place up to another."""
        if start < end:
            self._steps[start] += number
            self._steps[end] -= number

    def drop(self, count: int) -> None:
        """Forget so many of the first."""
        if count:
            gone = sum(self._steps[:count])
            del self._steps[:count]
            self._steps[0] += gone

    def values(self, start: int = 0) -> list[int]:
        """All of them from a place on."""
        before = sum(self._steps[:start])
        return list(accumulate(self._steps[start:-1], initial=before))[1:]
