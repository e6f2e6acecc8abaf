"""One client that speaks Pusher's protocol: its application, its user and its channels."""

from dataclasses import dataclass
from time import monotonic

from common.bucket import Bucket
from common.pusher.apps import App

EVENTS_PER_SECOND = 10.0  # Of its own, that are passed on: as many as Pusher takes.


@dataclass(frozen=True, slots=True)
class Member:
    """Of a channel with members: its user, and what is told of it, as the text of JSON or ''."""

    user: str
    info: str


class Client:
    """What is known of it besides its connection. Plain state."""

    __slots__ = ("_bucket", "app", "channels", "looking", "members", "socket_id", "user")

    def __init__(self, app: App, socket_id: str) -> None:
        self.app = app
        self.socket_id = socket_id
        self.user: str | None = None  # As its application names it, once it has signed in.
        self.channels: dict[str, str] = {}  # As its application names them, and as we do.
        self.members: dict[str, Member] = {}  # Who it is, in channels with members.
        self.looking = 0  # For so many channels Redis is being asked what came before.
        self._bucket: Bucket | None = None

    def may_send(self) -> bool:
        """Whether one more event of its own is passed on now; it counts then."""
        now = monotonic()
        if self._bucket is None:
            self._bucket = Bucket(EVENTS_PER_SECOND, now)
        return self._bucket.take(1, now) == 0.0
