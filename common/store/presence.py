"""Who is connected, in Redis: what each process writes there, and what is read of all of them.

Keys, all in one hash slot. A PROCESS is one WebSocket server process, by an id of its own:
    {KEY}:processes             set     every process that has entered and is not swept away
    {KEY}:alive:PROCESS         string  its lease, which expires; the number of its last write
    {KEY}:users:PROCESS         hash    user -> number of connections
    {KEY}:in:PROCESS:CHANNEL    hash    user, or '' for those without one -> number of connections
    {KEY}:channels:PROCESS      hash    channel -> number of connections: all of the hashes before

What belongs to a process without a lease does not count, and anybody may remove it. It
decides no timing, and knows no connection.
"""

import secrets
from dataclasses import dataclass, field

from common.channels import USER
from common.store.line import Client, Command, Script, redis_errors, source

LEASE = 6.0  # Seconds after its last write in which a process is taken for alive.
SWEEP_CHANNELS = 500  # Removed at once, at most.
MOST_USERS = 10_000  # In one answer.


@dataclass(frozen=True, slots=True)
class ChannelCounts:
    """How many connections a channel has, and what has changed: by user, '' for those without."""

    total: int
    users: dict[str, int]


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed in one process, as it is now; 0 stands for gone.

    A channel with a `total` of 0 is gone as a whole.
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


class Entries:
    """What one process has in Redis. Its calls must not overlap."""

    def __init__(self, client: Client, key: str, lease: float = LEASE) -> None:
        self._redis = client
        self._processes = _processes(key)
        self._prefix = _prefix(key)
        self._lease = round(lease * 1000)
        self._write = _script(client, "write")
        self._sweep = _script(client, "sweep")
        self.begin()

    def begin(self) -> None:
        """Be a process of which Redis knows nothing yet. What it had written before will go."""
        self.process = secrets.token_hex(8)
        self._number = 0
        self._confirmed = 0

    def write(self, changes: Changes) -> bool:
        """Enter or renew the lease, and write; all of it or nothing.

        False: there is no lease, so nothing that was written before counts; `begin`, and write
        everything.

        Raises:
            QueueUnavailable: Redis did not confirm it; write the same places again later.
        """
        self._number += 1
        keys = [self._processes, *map(self._own, ("alive", "users", "channels"))]
        keys += [f"{self._own('in')}:{channel}" for channel in changes.channels]
        numbers = (self._lease, self._confirmed, self._number)
        # The same write under the same number may be done twice.
        held = self._write.run(keys, (self.process, *numbers, *_words(changes)), repeatable=True)
        if held:
            self._confirmed = self._number
        return bool(held)

    def sweep(self) -> int:
        """Remove some of what dead processes have left; how many of those there still are.

        Raises:
            QueueUnavailable: Redis did not confirm it.
        """
        arguments = (self._prefix, SWEEP_CHANNELS)
        left: int = self._sweep.run([self._processes], arguments, repeatable=True)
        return left

    def leave(self) -> None:
        """Give up the lease, so that nothing counts any more, then remove what was written.

        Raises:
            QueueUnavailable: Redis did not confirm it; the lease expires by itself.
        """
        with redis_errors():
            self._redis.delete(self._own("alive"))
        while self.sweep():
            pass

    def _own(self, kind: str) -> str:
        return f"{self._prefix}{kind}:{self.process}"


class Roster:
    """Reads what all living processes have written."""

    def __init__(self, client: Client, key: str, most_users: int = MOST_USERS) -> None:
        self._processes = _processes(key)
        self._prefix = _prefix(key)
        self._most_users = most_users
        self._read = _script(client, "read")

    def connections_of(self, user: str) -> int:
        """How many connections a user has.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        return self._members("", user, 0).connections

    def members_of(self, channel: str) -> Members:
        """Who listens to exactly this channel or wildcard; to the own channel of a user: that user.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        owner = channel.removeprefix(USER) if channel.startswith(USER) else ""
        return self._members(channel, owner, self._most_users)

    def _members(self, channel: str, owner: str, most_users: int) -> Members:
        answer = self._read.run(
            [self._processes], (self._prefix, channel, owner, most_users), repeatable=True
        )
        total, anonymous, truncated, *pairs = answer
        users = zip(pairs[::2], pairs[1::2], strict=True)
        return Members(total, anonymous, {user.decode(): n for user, n in users}, bool(truncated))


def _prefix(key: str) -> str:
    return f"{{{key}}}:"


def _processes(key: str) -> str:
    return _prefix(key) + "processes"


def _script(client: Client, name: str) -> Script:
    return Script(client, source(f"presence_{name}.lua"))


def _words(changes: Changes) -> Command:
    """As presence_write.lua reads them."""
    words: list[str | int] = [len(changes.users)]
    for user, count in changes.users.items():
        words += (user, count)
    for channel, counts in changes.channels.items():
        # A channel that is gone takes its hash with it, whoever is in that.
        users = counts.users if counts.total else {}
        words += (channel, counts.total, len(users))
        for user, count in users.items():
            words += (user, count)
    return tuple(words)
