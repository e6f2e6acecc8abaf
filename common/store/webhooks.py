"""What webhooks tell, in Redis, until a backend has taken it; and which process tells it.

What happens is noted in the step that makes it true: who comes and goes by the scripts of
presence, what clients send to each other with its message, here. No HTTP here.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from common.libraries.redis_connection import Command
from common.store.connect import Client
from common.store.keys import Keys
from common.store.script import Script, source

MOST_BYTES = 64 * 1024 * 1024  # Of clients, that wait; beyond that the older half is dropped.
LEASE = 6.0  # Seconds for which a sender that says nothing stays the only one.


@dataclass(frozen=True, slots=True)
class Note:
    """What has happened on a channel, as it is named here; `more` is told with it."""

    name: str
    channel: str
    more: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Noted:
    """A note, and its place: the id of its entry. `more` is the text of a JSON object, or empty."""

    place: bytes
    name: str
    channel: str
    more: bytes

    @property
    def seconds(self) -> float:
        """When it was noted, by the clock of Redis."""
        return int(self.place.partition(b"-")[0]) / 1000


@dataclass(frozen=True, slots=True)
class Unsent:
    """What an application has not been told. `dropped`: so many are gone since the last look."""

    notes: list[Noted]
    dropped: int = 0


class Webhooks(Protocol):
    """Notes that wait.

    Raises:
        QueueUnavailable: by each of the methods, if Redis did not answer.
    """

    def push(self, items: Sequence[bytes], notes: Sequence[Note]) -> None:
        """Queue messages and note what webhooks will tell of: both or neither, and once."""

    def read(self, app: str, most: int) -> Unsent | None:
        """The oldest notes after the place of an application; None: another process sends.

        After it this process is the only sender, for LEASE seconds.
        """

    def move(self, app: str, place: bytes) -> bool:
        """An application is at this place; False: another process sends, and nothing is done."""

    def leave(self) -> None:
        """Let another process send at once."""


class RedisWebhooks(Webhooks):
    """A stream in Redis, and a place in it for each of the applications that have webhooks."""

    def __init__(
        self,
        client: Client,
        key: str,
        apps: Sequence[str],
        lease: float = LEASE,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.process = secrets.token_hex(8)
        self._keys = keys = Keys(key)
        self._apps = apps
        self._lease = round(lease * 1000)
        self._most_bytes = most_bytes
        self._places = [keys.webhook_sender, keys.webhooks, keys.webhook_places]
        self._push = Script(client, source("webhook_note.lua") + source("webhook_push.lua"))
        self._read = Script(client, source("webhook_read.lua"))
        self._move = Script(client, source("webhook_sent.lua"))
        self._leave = Script(client, source("webhook_leave.lua"))

    def push(self, items: Sequence[bytes], notes: Sequence[Note]) -> None:
        words: list[str | bytes | int] = [self._most_bytes, len(items), *items]
        for note in notes:
            more = json.dumps(note.more, ensure_ascii=False) if note.more else ""
            words += (note.name, note.channel, more.encode(errors="replace"))
        keys = [self._keys.queue, self._keys.webhooks, self._keys.webhook_places]
        self._push.run(keys, tuple(words), repeatable=False)

    def read(self, app: str, most: int) -> Unsent | None:
        words = (self.process, self._lease, app, most)
        found = self._read.run(self._places, words, repeatable=True)
        if found is None:
            return None
        dropped, entries = found
        return Unsent([_noted(*entry) for entry in entries], max(0, dropped))

    def move(self, app: str, place: bytes) -> bool:
        words: Command = (self.process, app, place, *self._apps)
        return bool(self._move.run(self._places, words, repeatable=True))

    def leave(self) -> None:
        self._leave.run([self._keys.webhook_sender], (self.process,), repeatable=True)


def _noted(place: bytes, pairs: Sequence[bytes]) -> Noted:
    fields = dict(zip(pairs[::2], pairs[1::2], strict=True))
    name, channel = (fields.get(each, b"").decode(errors="replace") for each in (b"n", b"c"))
    return Noted(place, name, channel, fields.get(b"m", b""))
