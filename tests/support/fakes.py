"""Stand-ins for what lies outside a unit; each says what it makes unrealistic."""

from collections.abc import Mapping, Sequence

from common.refused import Refused
from common.revocation import Revocation
from common.serving.stopping import Stop
from common.store.commits import Commits
from common.store.presence import Members, PresenceReader
from common.store.push_commands import Done
from common.store.queue import Queue
from common.store.revocations import Revocations
from config.settings import Settings
from ws_server.door.grant import Grant
from ws_server.door.listen import Listen
from ws_server.door.revoked import Revoked


class FakeQueue(Queue):
    """`pushes` holds one list for each LPUSH.

    Unrealistic: it fails only when given a `fault`, and never forgets an id.
    """

    def __init__(self) -> None:
        self.pushes: list[list[bytes]] = []
        self.seconds: set[int] = set()  # For which it was told to remember ids.
        self._once: dict[str, bytes] = {}
        self.fault: Exception | None = None

    def push(self, items: Sequence[bytes]) -> None:
        self.check()
        self.pushes.append(list(items))

    def push_once(
        self, items: Sequence[bytes], ids: Sequence[str | None], seconds: int
    ) -> int | None:
        self.check()
        self.seconds.add(seconds)
        once, new = dict(self._once), []
        for place, (item, id_) in enumerate(zip(items, ids, strict=True)):
            if id_ is None:
                new.append(item)
            elif id_ not in once:
                once[id_] = item
                new.append(item)
            elif once[id_] != item:
                return place
        self._once = once
        if new:
            self.pushes.append(new)
        return None

    def take(self) -> list[bytes]:
        """What was queued since the last time; ids are forgotten, too."""
        items = [item for push in self.pushes for item in push]
        self.pushes, self._once = [], {}
        return items

    def check(self) -> None:
        if self.fault is not None:
            raise self.fault


class FakeCommits(Commits):
    """Pushes to a `FakeQueue`. Unrealistic: at once, so nothing is ever under way."""

    def __init__(self, queue: FakeQueue) -> None:
        self._queue = queue

    def submit(
        self, items: Sequence[bytes], ids: Sequence[str | None], seconds: int, done: Done
    ) -> None:
        try:
            place = self._queue.push_once(items, ids, seconds)
        except Exception as problem:
            done(problem)
        else:
            done(place)


class FakeRevocations(Revocations):
    """Unrealistic: of two of the same the last counts, it forgets none, and versions are small."""

    def __init__(self, most: int = 10) -> None:
        self.most = most
        self.kept: dict[tuple[str, str], Revocation] = {}
        self.version = 0
        self.fault: Exception | None = None

    def add(self, wanted: Revocation) -> Revocation | None:
        if len(self.kept) >= self.most:
            return None
        self.kept[wanted.kind, wanted.name] = wanted
        self.version += 1
        return wanted

    def remove(self, kind: str, name: str) -> bool:
        self.version += 1
        return self.kept.pop((kind, name), None) is not None

    def all(self) -> list[Revocation]:
        return sorted(self.kept.values())

    def changed_since(self, version: bytes | None) -> tuple[bytes, Sequence[Revocation]] | None:
        if self.fault is not None:
            raise self.fault
        now = str(self.version).encode()
        return None if version == now else (now, self.all())


class FakeClock:
    """Says what time it is. Unrealistic: it stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakePresenceReader(PresenceReader):
    """Who is connected, by `users` and `channels`; what it says does not hang together.

    Unrealistic: it fails only when given a `fault`.
    """

    def __init__(self) -> None:
        self.users: dict[str, int] = {}
        self.channels: dict[str, Members] = {}
        self.fault: Exception | None = None

    def connections_of(self, user: str) -> int:
        self._fail()
        return self.users.get(user, 0)

    def members_of(self, channel: str) -> Members:
        self._fail()
        return self.channels.get(channel, Members(0, 0, {}, truncated=False))

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault


class FakeApp:
    """An application; `stops` has a True for each stop by a reload. Unrealistic: serves nothing."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stops: list[bool] = []
        self.announced: list[Stop] = []


class FakeAdopter:
    """A service that keeps what it is given. Unrealistic: it never sends anything."""

    def __init__(self) -> None:
        self.is_ready = True
        self.is_leaving = False
        self.refuses: str | None = None
        self.crowded: set[str] = set()
        self.adopted: list[tuple[int, bytes, Listen]] = []
        self.refused: list[str] = []

    def is_crowded(self, address: str) -> bool:
        return address in self.crowded

    def adopt(self, fd: int, early: bytes, listen: Listen) -> None:
        self.adopted.append((fd, early, listen))

    def note_refused(self, error: str) -> None:
        self.refused.append(error)


class FakeTokens:
    """Grants by the text of the token. Unrealistic: nothing is signed, and nothing expires."""

    def __init__(self, grants: Mapping[str, Grant]) -> None:
        self._grants = grants
        self.revoked = Revoked()

    def check(self, text: str) -> Grant:
        if text not in self._grants:
            raise Refused("bad_token", "no such token")
        return self._grants[text]


class FakeInput:
    """gunicorn's `wsgi.input`, which has read `early`. Unrealistic: it has no body."""

    def __init__(self, early: bytes = b"") -> None:
        self.early = early

    @property
    def reader(self) -> "FakeInput":
        return self

    @property
    def unreader(self) -> "FakeInput":
        return self

    def take_buffered(self) -> bytes:
        return self.early
