"""Which messages are for everybody, and which for the subscribers of what. No I/O here."""

from collections.abc import Iterable, Sequence

from common import channels
from common.message import KICK_MARK, Page, is_kick


class Addressing:
    """Which messages of a page are for everybody, and which for the subscribers of what.

    Messages are named by their places in the page.
    """

    __slots__ = ("_by_subscription", "kicked", "open")

    def __init__(self, addresses: Sequence[tuple[str, ...]]) -> None:
        self.open: list[int] = []  # For everybody.
        self.kicked: list[str] = []  # Users whose connections are to be closed.
        self._by_subscription: dict[str, list[int]] = {}
        for place, names in enumerate(addresses):
            if not names:
                self.open.append(place)
            for name in names:
                self._note(place, name)

    def places(self, wanted: frozenset[str]) -> Sequence[int]:
        """The messages for whoever listens to `wanted`, in their order."""
        by_subscription = self._by_subscription
        found = [by_subscription[name] for name in wanted if name in by_subscription]
        if not found:
            return self.open
        if len(found) == 1 and not self.open:
            return found[0]
        return sorted(set(self.open).union(*found))

    def subscriptions(self) -> Iterable[str]:
        """Every subscription by which one gets more than what is for everybody."""
        return self._by_subscription

    def _note(self, place: int, name: str) -> None:
        if is_kick(name):
            self.kicked.append(name.removeprefix(KICK_MARK))
            return
        for subscription in channels.subscriptions_to(name):
            places = self._by_subscription.setdefault(subscription, [])
            if not places or places[-1] != place:  # Two addresses can match one wildcard.
                places.append(place)


def addressing_of(page: Page) -> Addressing | None:
    """None if all of the page is for everybody."""
    return None if page.addresses is None else Addressing(page.addresses)
