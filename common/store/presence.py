"""Who is connected, in Redis: each process writes its own connections, and all can be read.

A process is one WebSocket server process, by an id of its own. What belongs to a process
without a lease does not count, and anybody may remove it. No timing is decided here, and no
connection is known. The keys are named in `common.store.keys`.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from common.channels import USER
from common.libraries.redis_connection import Command
from common.store.connect import Client
from common.store.keys import Keys
from common.store.redis_errors import redis_errors
from common.store.script import Script, source

LEASE = 6.0  # Seconds after its last write in which a process is taken for alive.
SWEEP_CHANNELS = 500  # Removed at once, at most.
MOST_USERS = 10_000  # In one answer.


@dataclass(frozen=True, slots=True)
class ChannelCounts:
    """The connections of a channel: of all, and by user where it has changed; '': without one.

    `members`: of these users, who is there, and what is told of each (see `presence_members.lua`);
    None: the channel has no members, only listeners.
    """

    total: int
    users: dict[str, int]
    members: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """Numbers of connections that have changed in one process, as they are now; 0: gone.

    A channel with a `total` of 0 is gone, with all its users.
    """

    users: dict[str, int] = field(default_factory=dict)
    channels: dict[str, ChannelCounts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Members:
    """The connections of a channel: of all, of those without a user, and by user.

    `truncated`: there are more users than are listed, and perhaps more connections of these.
    """

    connections: int
    anonymous: int
    users: dict[str, int]
    truncated: bool


class PresenceWriter(Protocol):
    """What one process writes. Its calls must not overlap.

    Raises:
        QueueUnavailable: by all but `begin`, if Redis did not confirm it.
    """

    def begin(self) -> None:
        """Be a new process, of which Redis knows nothing. What it had written before will go."""

    def write(self, changes: Changes) -> bool:
        """Enter or renew the lease, and write; all of it or nothing.

        False: there is no lease, so nothing that was written before counts; `begin`, and write
        everything. After an error: write the same places again later.
        """

    def sweep(self) -> int:
        """Remove some of what dead processes have left; how many of those there still are."""

    def leave(self) -> None:
        """Give up the lease, so that nothing counts any more, then remove what was written.

        After an error the lease expires by itself.
        """

    def linger(self, seconds: float) -> None:
        """What was written counts for so long yet, and then any other process removes it."""


class PresenceReader(Protocol):
    """What all living processes have written.

    Raises:
        QueueUnavailable: by each of the methods, if Redis did not answer.
    """

    def connections_of(self, user: str) -> int:
        """How many connections a user has."""

    def members_of(self, channel: str) -> Members:
        """Who listens to exactly this channel or wildcard.

        A user listens to its own channel with every connection.
        """


class RedisPresenceWriter(PresenceWriter):
    """Writes to Redis."""

    def __init__(
        self, client: Client, key: str, lease: float = LEASE, *, has_webhooks: bool = False
    ) -> None:
        """`has_webhooks`: they will tell who comes and goes."""
        self._redis = client
        self._keys = Keys(key)
        self._noted = self._keys.webhooks if has_webhooks else ""
        self._lease = round(lease * 1000)
        members = source("webhook_note.lua") + source("presence_members.lua")
        self._write = Script(client, members + source("presence_write.lua"))
        self._sweep = Script(client, members + source("presence_sweep.lua"))
        self.begin()

    def begin(self) -> None:
        self.process = secrets.token_hex(8)
        self._number = 0
        self._confirmed = 0

    def write(self, changes: Changes) -> bool:
        self._number += 1
        names, process = self._keys, self.process
        keys = [names.processes, names.alive(process), names.users(process)]
        keys += [names.channels(process), names.sorted_users(process)]
        keys += [names.sorted_channels(process), names.queue]
        keys += [names.members(process, channel) for channel in changes.channels]
        numbers = (self._lease, self._confirmed, self._number)
        # The same write under the same number may be done twice.
        held = self._write.run(
            keys,
            (process, *numbers, names.prefix, self._noted, *_words(changes)),
            repeatable=True,
        )
        if held:
            self._confirmed = self._number
        return bool(held)

    def sweep(self) -> int:
        arguments = (self._keys.prefix, SWEEP_CHANNELS, self._noted)
        keys = [self._keys.processes, self._keys.queue]
        left: int = self._sweep.run(keys, arguments, repeatable=True)
        return left

    def leave(self) -> None:
        with redis_errors():
            self._redis.delete(self._keys.alive(self.process))
        while self.sweep():
            pass

    def linger(self, seconds: float) -> None:
        with redis_errors():
            self._redis.pexpire(self._keys.alive(self.process), round(seconds * 1000))


class RedisPresenceReader(PresenceReader):
    """Reads from Redis; lists at most so many users."""

    def __init__(self, client: Client, key: str, most_users: int = MOST_USERS) -> None:
        self._keys = Keys(key)
        self._most_users = most_users
        self._read = Script(client, source("presence_read.lua"))

    def connections_of(self, user: str) -> int:
        return self._members("", user, 0).connections

    def members_of(self, channel: str) -> Members:
        owner = channel.removeprefix(USER) if channel.startswith(USER) else ""
        return self._members(channel, owner, self._most_users)

    def _members(self, channel: str, owner: str, most_users: int) -> Members:
        arguments = (self._keys.prefix, channel, owner, most_users)
        answer = self._read.run([self._keys.processes], arguments, repeatable=True)
        total, anonymous, truncated, *pairs = answer
        users = zip(pairs[::2], pairs[1::2], strict=True)
        return Members(total, anonymous, {user.decode(): n for user, n in users}, bool(truncated))


def _words(changes: Changes) -> Command:
    """As presence_write.lua reads them."""
    words: list[str | int] = [len(changes.users)]
    for user, count in changes.users.items():
        words += (user, count)
    for channel, counts in changes.channels.items():
        # Of a channel that is gone the whole hash goes: no user needs to be named.
        users = counts.users if counts.total else {}
        words += (channel, counts.total, len(users))
        for user, count in users.items():
            words += (user, count)
        words.append(-1 if counts.members is None else len(counts.members))
        for user, info in (counts.members or {}).items():
            words += (user, info)
    return tuple(words)
