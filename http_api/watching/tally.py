"""What has been pushed since the start of the process. Plain numbers, which only grow."""

from collections import Counter

NOBODY_ASKED = "anybody"  # Who pushes where no token is needed.


class Pushed:
    """Pushes that Redis has confirmed, of one token."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Tally:
    """By the name of the push token; None: none was needed."""

    __slots__ = ("_singles", "batched", "batches", "empty", "refused")

    def __init__(self) -> None:
        self._singles: dict[str | None, Pushed] = {}
        self.batches = 0  # Confirmed pushes of many messages.
        self.batched: Counter[str | None] = Counter()  # Their messages.
        self.empty = 0  # Pushes without a content.
        self.refused: Counter[str] = Counter()  # By their error.

    def pushed_by(self, token: str | None) -> Pushed:
        """Where its pushes of one message are counted: looked up once, and then kept."""
        return self._singles.setdefault(token, Pushed())

    def note_batch(self, token: str | None, messages: int) -> None:
        """One more was confirmed."""
        self.batches += 1
        self.batched[token] += messages

    @property
    def pushes(self) -> int:
        """How many were confirmed."""
        return sum(each.count for each in self._singles.values()) + self.batches

    def results(self) -> dict[str, int]:
        """All pushes by their result."""
        return {**self.refused, "success": self.pushes, "content_empty": self.empty}

    def messages(self) -> dict[str, int]:
        """All messages by who has pushed them."""
        both = Counter({name: each.count for name, each in self._singles.items()}) + self.batched
        return {NOBODY_ASKED if name is None else name: count for name, count in both.items()}
