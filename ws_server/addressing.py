"""Which messages are for everybody, and which for the subscribers of what. No I/O here."""

from collections.abc import Sequence

from common import channels
from common.message import KICK_MARK, Page


class Addressing:
    """Which messages of a page are for everybody, and which for the subscribers of what.

    Messages are named by their places in the page.
    """

    __slots__ = ("by_subscription", "kicked", "open")

    def __init__(self, addresses: Sequence[tuple[str, ...]]) -> None:
        self.open: list[int] = []  # For everybody.
        self.kicked: list[str] = []  # Users whose connections are to be closed.
        self.by_subscription: dict[str, list[int]] = {}  # Beside what is for everybody.
        for place, names in enumerate(addresses):
            if not names:
                self.open.append(place)
            elif names[0].startswith(KICK_MARK):
                self.kicked.append(names[0].removeprefix(KICK_MARK))
            else:
                self._note(place, names)

    def places(self, wanted: frozenset[str]) -> Sequence[int]:
        """The messages for whoever listens to `wanted`, in their order."""
        by_subscription = self.by_subscription
        found = [by_subscription[name] for name in wanted if name in by_subscription]
        if not found:
            return self.open
        if len(found) == 1 and not self.open:
            return found[0]
        return sorted(set(self.open).union(*found))

    def _note(self, place: int, names: Sequence[str]) -> None:
        index = self.by_subscription
        for name in names:
            for subscription in channels.subscriptions_to(name):
                places = index.get(subscription)
                if places is None:
                    index[subscription] = [place]
                elif places[-1] != place:  # Two addresses can match one wildcard.
                    places.append(place)


def addressing_of(page: Page) -> Addressing | None:
    """None if all of the page is for everybody."""
    return None if page.addresses is None else Addressing(page.addresses)
