"""Notes for webhooks, in memory."""

from collections.abc import Sequence

from common.store.webhooks import Note, Noted, Unsent, Webhooks


class FakeWebhooks(Webhooks):
    """What is noted, and how far each application is. While there is a `fault` all fails.

    Unrealistic: each is noted a millisecond after the one before, and nothing is removed.
    """

    def __init__(self) -> None:
        self.items: list[bytes] = []
        self.notes: list[Note] = []
        self.places: dict[str, int] = {}
        self.is_sender = True
        self.dropped = 0
        self.fault: Exception | None = None

    def push(self, items: Sequence[bytes], notes: Sequence[Note]) -> None:
        self._fail()
        self.items += items
        self.notes += notes

    def note(self, name: str, channel: str) -> None:
        self.notes.append(Note(name, channel))

    def read(self, app: str, most: int) -> Unsent | None:
        self._fail()
        if not self.is_sender:
            return None
        start = self.places.get(app, 0)
        all_ = [Noted(b"%d-0" % at, *_pair(each)) for at, each in enumerate(self.notes, start=1)]
        return Unsent(all_[start : start + most], self.dropped)

    def move(self, app: str, place: bytes) -> bool:
        self._fail()
        if self.is_sender:
            self.places[app] = int(place.partition(b"-")[0])
        return self.is_sender

    def leave(self) -> None:
        self._fail()
        self.is_sender = False

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault


def _pair(note: Note) -> tuple[str, str, bytes]:
    return note.name, note.channel, b""
