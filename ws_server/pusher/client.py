"""One client that speaks Pusher's protocol: its application, its user and its channels."""

import json
from dataclasses import dataclass
from time import monotonic
from typing import Any

from common.bucket import Bucket
from common.pusher.apps import App

EVENTS_PER_SECOND = 10.0  # Of its own, that are passed on: as many as Pusher takes.


NUMBER = "#"  # Begins what is told of a user whose id is a number: it is told as one, too.


@dataclass(frozen=True, slots=True)
class Member:
    """A user, and what others are told of it: the text of JSON, or ''; NUMBER may stand before."""

    user: str
    info: str

    @property
    def id(self) -> str | int:
        """The user as its backend has written it."""
        return int(self.user) if self.info.startswith(NUMBER) else self.user


def written(id_: object, info: object) -> str:
    """What is told of a user, as `Member` has it."""
    text = "" if info is None else json.dumps(info, separators=(",", ":"))
    return NUMBER + text if isinstance(id_, int) else text


def read(text: str) -> Any:
    """The inverse of `written`: what there is to tell besides the id."""
    text = text.removeprefix(NUMBER)
    return json.loads(text) if text else None


class Client:
    """What is known of it besides its connection. Plain state."""

    __slots__ = ("_bucket", "app", "channels", "looking", "members", "signed_in", "socket_id")

    def __init__(self, app: App, socket_id: str) -> None:
        self.app = app
        self.socket_id = socket_id
        self.signed_in: Member | None = None  # Its user, as its application names it.
        self.channels: dict[str, str] = {}  # As its application names them, and as we do.
        self.members: dict[str, Member] = {}  # Who it is, in channels with members.
        self.looking = 0  # For so many channels Redis is being asked what came before.
        self._bucket: Bucket | None = None

    @property
    def user(self) -> str | None:
        """Who has signed in, as its application names it."""
        return None if self.signed_in is None else self.signed_in.user

    def may_send(self) -> bool:
        """Whether one more event of its own is passed on now; it counts then."""
        now = monotonic()
        if self._bucket is None:
            self._bucket = Bucket(EVENTS_PER_SECOND, now)
        return self._bucket.take(1, now) == 0.0
