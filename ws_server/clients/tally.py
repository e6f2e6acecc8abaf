"""What has been sent since the start of the process. Plain numbers, which only grow."""

from collections import Counter


class Tally:
    """Counted for each piece of the log and each audience, never for each client."""

    __slots__ = ("by_format", "deliveries", "sent", "settled")

    def __init__(self) -> None:
        self.settled = 0  # Messages that this process has moved from the queue to the log.
        self.sent = 0  # Messages that it has read from the log.
        # How often it has sent one of them to a client that was live. What clients that are behind
        # read later is in it, too: they were behind what was sent.
        self.deliveries = 0
        self.by_format: Counter[str] = Counter()  # The same by the name of the format.
