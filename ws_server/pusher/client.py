"""One client that speaks Pusher's protocol: its application, its user and its channels."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern
from time import monotonic
from types import MappingProxyType
from typing import Any, Protocol

from common.bucket import Bucket
from common.json_content import is_deep
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
    """What is told of a user, as `Member` has it.

    Raises:
        ValueError: it holds a number that JSON does not have, or is nested too deeply: then what
            is told of all members could not be written.
    """
    text = "" if info is None else json.dumps(info, separators=(",", ":"), allow_nan=False)
    if is_deep(text):
        raise ValueError("it is nested too deeply")
    return NUMBER + text if isinstance(id_, int) else text


def read(text: str) -> Any:
    """The inverse of `written`: what there is to tell besides the id."""
    text = text.removeprefix(NUMBER)
    return json.loads(text) if text else None


class Named(Protocol):
    """A connection, as far as it is known here."""

    @property
    def id(self) -> str:
        """What it is called."""


NOBODY: Mapping[str, Member] = MappingProxyType({})  # One for all who are no members.


class Client:
    """What is known of it besides its connection. Plain state."""

    __slots__ = ("_bucket", "app", "channels", "looking", "members", "named", "signed_in")

    def __init__(self, app: App, named: Named) -> None:
        self.app = app
        self.named = named
        self.signed_in: Member | None = None  # Its user, as its application names it.
        self.channels: dict[str, str] = {}  # As its application names them, and as we do.
        self.members: Mapping[str, Member] = NOBODY  # Who it is, in channels with members.
        self.looking = 0  # For so many channels Redis is being asked what came before.
        self._bucket: Bucket | None = None

    @property
    def socket_id(self) -> str:
        """What Pusher's libraries call its connection."""
        return self.named.id

    @property
    def user(self) -> str | None:
        """Who has signed in, as its application names it."""
        return None if self.signed_in is None else self.signed_in.user

    def enter(self, channel: str, name: str, member: Member | None) -> None:
        """It is in a channel. Of each name there is one text for all clients."""
        self.channels[intern(channel)] = intern(name)
        if member is not None:
            self.members = {**self.members, channel: member}

    def leave(self, channel: str) -> tuple[str | None, Member | None]:
        """It is in a channel no more: how we name it, and who it was, if it was there."""
        member = self.members.get(channel)
        if member is not None:
            self.members = {name: who for name, who in self.members.items() if name != channel}
        return self.channels.pop(channel, None), member

    def may_send(self) -> bool:
        """Whether one more event of its own is passed on now; it counts then."""
        now = monotonic()
        if self._bucket is None:
            self._bucket = Bucket(EVENTS_PER_SECOND, now)
        return self._bucket.take(1, now) == 0.0
