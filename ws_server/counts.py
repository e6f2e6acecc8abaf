"""How many connections there are of each user and each channel. No I/O here.

`ws_server.presence` tells Redis what has changed.
"""

from collections import defaultdict, deque

from common.channels import of_user
from common.store.presence import Changes, ChannelCounts

# For a member to come back, as when a page is loaded again, before it is said to have left.
RETURN_SECONDS = 3.0
NO_USER = ""  # Where a user would stand.


class Counts:
    """Connections by user and by channel, and what of that Redis does not know yet.

    Wildcards count under their own text. The own channel of a user does not count: the user does.
    """

    def __init__(self) -> None:
        self._users: dict[str, int] = {}
        self._channels: dict[str, _Channel] = {}
        # What Redis does not know: users, and for each channel the users who came or left.
        self._changed_users: set[str] = set()
        self._changed: defaultdict[str, set[str]] = defaultdict(set)
        # Channels with members, as long as there are any, or Redis knows of some.
        self._with_members: set[str] = set()
        self._gone: deque[tuple[float, str, str]] = deque()  # Until when they may come back.

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

    def member_joined(self, name: str, who: str, info: str) -> None:
        """A connection of a member is in a channel; what is told of it first, holds."""
        self._with_members.add(name)
        self._enter(who, frozenset([name]))
        self._channels[name].members.setdefault(who, info)

    def member_gone(self, name: str, who: str, until: float) -> None:
        """The connection of a member has ended. It has left only if it is not back by then."""
        self._gone.append((until, name, who))

    def let_go(self, now: float) -> None:
        """Those who are not back by now have left."""
        while self._gone and self._gone[0][0] <= now:
            _, name, who = self._gone.popleft()
            self.member_left(name, who)

    @property
    def has_members(self) -> bool:
        """Whether anybody is a member of anything, or was a moment ago."""
        return bool(self._with_members)

    def member_left(self, name: str, who: str) -> None:
        """The opposite of `member_joined`, at once."""
        channel = self._channels[name]
        self._exit(who, frozenset([name]))
        if who not in channel.users:
            del channel.members[who]

    @property
    def have_changed(self) -> bool:
        """Whether there is anything to `take`."""
        return bool(self._changed_users or self._changed)

    def take(self, room: int) -> Changes:
        """A bounded part of what has changed, as it is now; Redis is taken to know it then."""
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
        has_members = name in self._with_members
        if channel is None:
            self._with_members.discard(name)
            return ChannelCounts(0, dict.fromkeys(taken, 0), {} if has_members else None)
        users = {who: channel.users.get(who, 0) for who in taken}
        members = {who: channel.members[who] for who in taken if who in channel.members}
        return ChannelCounts(channel.total, users, members if has_members else None)

    def put_back(self, changes: Changes) -> None:
        """Redis does not know them, after all."""
        self._changed_users.update(changes.users)
        for name, counts in changes.channels.items():
            self._changed[name].update(counts.users)
            if counts.members is not None:
                self._with_members.add(name)

    def forget_writes(self) -> None:
        """Redis knows nothing: everything has changed."""
        self._changed_users = set(self._users)
        self._changed.clear()
        for name, channel in self._channels.items():
            self._changed[name] = set(channel.users)

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


class _Channel:
    """The connections of a channel: `total`, and by user; and what is told of its members."""

    __slots__ = ("members", "total", "users")

    def __init__(self) -> None:
        self.total = 0
        self.users: dict[str, int] = {}
        self.members: dict[str, str] = {}


def _subtract(counts: dict[str, int], name: str) -> None:
    count = counts[name] - 1
    if count:
        counts[name] = count
    else:
        del counts[name]
