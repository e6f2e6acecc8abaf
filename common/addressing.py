"""Which messages are for everybody, and which for the subscribers of which channels. No I/O here.

Names are indexed, wildcards are not: a name with 49 dots is matched by 49 wildcards, whose index
would take 50 times the memory. In a sorted list of the names they are found as fast.
"""

from bisect import bisect_left
from collections.abc import Sequence

from common.channels import USER
from common.message import KICK_MARK


class Addressing:
    """Of one page. A number stands for a message: it is the place of the message in the page."""

    __slots__ = ("_dotted", "by_name", "kicked", "open")

    def __init__(self, recipients: Sequence[tuple[str, ...]]) -> None:
        self.open: list[int] = []  # For everybody.
        self.kicked: list[str] = []  # Users whose connections are to be closed.
        self.by_name: dict[str, list[int]] = {}  # The messages for each recipient.
        self._dotted: list[str] | None = None
        by_name = self.by_name
        for place, names in enumerate(recipients):
            if not names:
                self.open.append(place)
            elif names[0].startswith(KICK_MARK):
                self.kicked.append(names[0].removeprefix(KICK_MARK))
            else:
                for name in names:
                    places = by_name.get(name)
                    if places is None:
                        by_name[name] = [place]
                    elif places[-1] != place:
                        places.append(place)

    @property
    def dotted(self) -> list[str]:
        """The names that a wildcard may match, sorted: none of a user is among them."""
        if self._dotted is None:
            names = (name for name in self.by_name if "." in name)
            self._dotted = sorted(name for name in names if not name.startswith(USER))
        return self._dotted

    def places(self, wanted: frozenset[str]) -> Sequence[int]:
        """The messages for those who listen to `wanted`, in their order."""
        by_name = self.by_name
        found = [by_name[name] for name in wanted if name in by_name]
        if self.dotted:
            for each in wanted:
                if each[-1] == "*":
                    found += self.match(each)
        if not found:
            return self.open
        if len(found) == 1 and not self.open:
            return found[0]
        return sorted(set(self.open).union(*found))

    def match(self, wildcard: str) -> list[list[int]]:
        """For each name that a wildcard matches, the messages."""
        # What begins with the same letters stands together; "/" is what follows "." in ASCII.
        start = bisect_left(self.dotted, wildcard[:-1])
        end = bisect_left(self.dotted, wildcard[:-2] + "/", start)
        return [self.by_name[name] for name in self.dotted[start:end]]
