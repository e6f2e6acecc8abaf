"""What has been pushed since the start of the process. Plain numbers, which only grow."""

from collections import Counter

NOBODY_ASKED = "anybody"  # Who pushes where no token is needed.


class Tally:
    """By the name of the push token; None: none was needed."""

    __slots__ = ("batched", "batches", "empty", "refused", "singles")

    def __init__(self) -> None:
        self.singles: Counter[str | None] = Counter()  # Pushes that Redis has confirmed.
        self.batches = 0  # The same of many messages.
        self.batched: Counter[str | None] = Counter()  # Their messages.
        self.empty = 0  # Pushes without a content.
        self.refused: Counter[str] = Counter()  # By their error.

    def note_batch(self, token: str | None, messages: int) -> None:
        """One more was confirmed."""
        self.batches += 1
        self.batched[token] += messages

    @property
    def pushes(self) -> int:
        """How many were confirmed."""
        return self.singles.total() + self.batches

    def results(self) -> dict[str, int]:
        """All pushes by their result."""
        return {**self.refused, "success": self.pushes, "content_empty": self.empty}

    def messages(self) -> dict[str, int]:
        """All messages by who has pushed them."""
        both = self.singles + self.batched
        return {NOBODY_ASKED if name is None else name: count for name, count in both.items()}
