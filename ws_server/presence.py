"""Who is connected to this process, and the greenlet that tells Redis.

Counting is plain and synchronous; what has changed is written every half a second, as it
is then, so that trying again is always right. While Redis is away nothing is lost: the
next round writes the difference, or everything. It asks nothing of Redis while nobody with
a user or a channel has ever been here. It knows no connection and no token.
"""

import logging
from collections import defaultdict
from time import monotonic

import gevent
from gevent.lock import BoundedSemaphore

from common.channels import of_user
from common.errors import QueueUnavailable
from common.loops import repeat
from common.store.presence import LEASE, Changes, ChannelCounts, PresenceWriter

log = logging.getLogger(__name__)

ROUND = 0.5  # Seconds between two rounds.
RENEW = 2.0  # Seconds after which even a process in which nothing changes writes.
MOST_CHANGES = 500  # In one write.
NO_USER = ""  # Where a user would stand.


class Presence:
    """Counts connections by user and by channel.

    Wildcards count under their own text; the own channel of a user does not count, as the
    user does.
    """

    def __init__(self, writer: PresenceWriter) -> None:
        self._writer = writer
        self._users: dict[str, int] = {}
        self._channels: dict[str, _Channel] = {}
        # What Redis does not know: users, and for each channel the users who came or left.
        self._changed_users: set[str] = set()
        self._changed: defaultdict[str, set[str]] = defaultdict(set)
        self._is_known = False  # Whether Redis may have something of us.
        self._renewal = 0.0  # When it is due.
        self._writing = BoundedSemaphore()
        self._is_away = False
        self._stopped = False

    def joined(self, user: str | None, channels: frozenset[str]) -> None:
        """A connection is there, and listens to `channels`."""
        if user is not None:
            self._users[user] = self._users.get(user, 0) + 1
            self._changed_users.add(user)
        if channels:
            self._enter(user, channels)

    def left(self, user: str | None, channels: frozenset[str]) -> None:
        """A connection is gone; it listened to `channels` at last."""
        if user is not None:
            _subtract(self._users, user)
            self._changed_users.add(user)
        if channels:
            self._exit(user, channels)

    def changed(self, user: str | None, old: frozenset[str], new: frozenset[str]) -> None:
        """A connection listens to `new` instead of `old`."""
        self._enter(user, new - old)
        self._exit(user, old - new)

    def run(self) -> None:
        """Write for ever, until the stop."""
        repeat("presence is written", self._do_round_and_wait, lambda: not self._stopped)

    def _do_round_and_wait(self) -> None:
        self.do_round(monotonic())
        gevent.sleep(ROUND)

    def do_round(self, now: float) -> None:
        """Write what has changed; renew the lease and sweep if that is due."""
        if self._stopped or not (self._is_known or self._has_changes()):
            return
        with self._writing:
            try:
                self._write(now)
            except QueueUnavailable as problem:
                self._note(problem)
                if now > self._renewal - RENEW + LEASE:
                    # Nothing that was written counts any more, so what has changed since need not
                    # be kept: of many channels that come and go it would grow without end.
                    self._begin_anew()
            else:
                self._note(None)

    def stop(self, limit: float) -> None:
        """Remove from Redis what was written, within `limit` seconds; nothing is written after."""
        self._stopped = True
        if not self._is_known:
            return
        try:
            with (
                gevent.Timeout(limit, QueueUnavailable("no answer before the stop")),
                self._writing,
            ):
                self._writer.leave()
        except QueueUnavailable as problem:
            log.warning("Stopping, and present until the lease expires: %s", problem.reason)

    # Counting

    def _enter(self, user: str | None, channels: frozenset[str]) -> None:
        who, own = (NO_USER, "") if user is None else (user, of_user(user))
        for name in channels:
            if name == own:
                continue
            channel = self._channels.get(name)
            if channel is None:
                channel = self._channels[name] = _Channel()
            channel.total += 1
            channel.users[who] = channel.users.get(who, 0) + 1
            self._changed[name].add(who)

    def _exit(self, user: str | None, channels: frozenset[str]) -> None:
        who, own = (NO_USER, "") if user is None else (user, of_user(user))
        for name in channels:
            if name == own:
                continue
            channel = self._channels[name]
            channel.total -= 1
            _subtract(channel.users, who)
            if not channel.total:
                del self._channels[name]
            self._changed[name].add(who)

    # Writing

    def _has_changes(self) -> bool:
        return bool(self._changed_users or self._changed)

    def _write(self, now: float) -> None:
        is_due = now >= self._renewal
        while self._has_changes() or now >= self._renewal:
            self._is_known = True
            if not self._write_some():
                self._begin_anew()
                return
            self._renewal = now + RENEW
        if is_due:
            self._writer.sweep()

    def _write_some(self) -> bool:
        changes = self._take()
        is_written = False
        try:
            is_written = self._writer.write(changes)
        finally:  # Whatever ends it: what was not confirmed is still to be written.
            if not is_written:
                self._put_back(changes)
        return is_written

    def _begin_anew(self) -> None:
        """Nothing that was written counts; the next round writes everything."""
        self._writer.begin()
        self._is_known, self._renewal = False, 0.0
        self._changed_users = set(self._users)
        self._changed.clear()
        for name, channel in self._channels.items():
            self._changed[name] = set(channel.users)

    def _take(self) -> Changes:
        """A bounded part of what has changed, as it is now."""
        room = MOST_CHANGES
        users: dict[str, int] = {}
        while self._changed_users and room:
            user = self._changed_users.pop()
            users[user] = self._users.get(user, 0)
            room -= 1
        channels: dict[str, ChannelCounts] = {}
        while self._changed and room > 0:
            name = next(iter(self._changed))
            channels[name] = self._take_channel(name, room)
            room -= 1 + len(channels[name].users)
        return Changes(users, channels)

    def _take_channel(self, name: str, room: int) -> ChannelCounts:
        waiting, channel = self._changed[name], self._channels.get(name)
        if channel is None or len(waiting) <= room:
            del self._changed[name]
            taken = waiting
        else:
            taken = {waiting.pop() for _ in range(room)}
        if channel is None:
            return ChannelCounts(0, dict.fromkeys(taken, 0))
        return ChannelCounts(channel.total, {who: channel.users.get(who, 0) for who in taken})

    def _put_back(self, changes: Changes) -> None:
        self._changed_users.update(changes.users)
        for name, counts in changes.channels.items():
            self._changed[name].update(counts.users)

    def _note(self, problem: QueueUnavailable | None) -> None:
        """One log line when it cannot be written, and one when it can be again."""
        was_away, self._is_away = self._is_away, problem is not None
        if problem is not None and not was_away:
            log.warning("Presence is not written: %s", problem.reason)
        elif was_away and problem is None:
            log.info("Presence is written again")


class _Channel:
    """The connections of a channel: `total`, and by user."""

    __slots__ = ("total", "users")

    def __init__(self) -> None:
        self.total = 0
        self.users: dict[str, int] = {}


def _subtract(counts: dict[str, int], name: str) -> None:
    count = counts[name] - 1
    if count:
        counts[name] = count
    else:
        del counts[name]
