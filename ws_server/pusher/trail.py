"""How far one client of Pusher's protocol is in each of its channels. Plain state; no I/O here."""

from collections import deque

# Seconds after which a client that has never answered a ping of Pusher's gets those of WebSocket.
# The libraries for Java and Swift know no others. pusher-js answers after it has passed on what it
# has got, and a browser answers a ping of WebSocket before: so that comes second.
PATIENCE = 10.0
MOST_PINGS = 5  # That a client has yet to answer: one that answers none is not asked for ever.


class Trail:
    """How far one client is. `asked` and the others count how often it has entered a channel."""

    __slots__ = (
        "_answers",
        "_asked",
        "_asked_first",
        "_entered",
        "_entries",
        "_upto",
        "by_frames",
        "name",
        "pings",
        "places",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[str, int] = {}  # Channels, and the id up to which all is confirmed.
        self.pings: deque[tuple[int, int]] = deque()  # Up to which id, and after how many entries.
        self._entered: dict[str, int] = {}
        self._entries = self._asked = self._upto = 0
        self.by_frames = False  # It answers pings of WebSocket only.
        self._answers = False  # It has answered one of Pusher's.
        self._asked_first = 0.0

    def enter(self, channel: str, after: int) -> None:
        """It has everything of a channel up to an id, and is being sent what follows."""
        self._entries += 1
        self._entered[channel] = self._entries
        self.places[channel] = after

    def leave(self, channel: str) -> None:
        """It wants no more of a channel."""
        self._entered.pop(channel, None)
        self.places.pop(channel, None)

    def ask(self, upto: int, last: int, now: float) -> bool:
        """Whether it is to be asked now to confirm everything up to an id.

        `last` is the id of what it was sent last: it has confirmed it, or been asked, or it is due.
        """
        is_new = last > self._upto or self._entries > self._asked
        if not (is_new and self.places):
            return False
        self._asked_first = self._asked_first or now
        if len(self.pings) >= MOST_PINGS:
            if self._answers or self.by_frames or now < self._asked_first + PATIENCE:
                return False
            self.by_frames = True
            self.pings.clear()
        self._upto, self._asked = upto, self._entries
        self.pings.append((upto, self._entries))
        return True

    def confirm(self) -> list[str]:
        """It has answered the oldest ping: the channels in which it is further now."""
        if not self.pings or self.by_frames:
            return []
        self._answers = True
        upto, entries = self.pings.popleft()
        return self.confirm_upto(upto, entries)

    def confirm_pings(self, upto: int) -> list[str]:
        """The same, by a ping of WebSocket: those that asked for no more than this id."""
        moved: list[str] = []
        while self.by_frames and self.pings and self.pings[0][0] <= upto:
            moved += self.confirm_upto(*self.pings.popleft())
        return moved

    def confirm_upto(self, upto: int, entries: int | None = None) -> list[str]:
        """The same, up to an id; of those channels that it had entered then, or of all."""
        moved = [
            channel
            for channel, at in self.places.items()
            if at < upto and (entries is None or self._entered[channel] <= entries)
        ]
        self.places |= dict.fromkeys(moved, upto)
        return moved
