"""Which channels of an application are occupied, by how many and by whom, as Pusher tells it.

What it says is what the WebSocket servers have written, so it is up to some seconds old
(`common/store/presence.py`). It knows no route and no signature.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from common.pusher.apps import App
from common.pusher.names import NAME, PRESENCE, is_presence, to_theirs
from common.store.listener_counts import Count, ListenerCounts
from common.store.presence_pages import CHANNELS, MOST_NAMES, PresencePages
from http_api.access.waiting import Turn
from http_api.pusher.events import bad, channel_of

OCCUPIED, USERS, SUBSCRIPTIONS = "occupied", "user_count", "subscription_count"
AT_ONCE = 500  # Channels that are counted in one question.
MOST_CHANNELS = 100_000  # In one answer: there is no next page.


class State:
    """Answers of `GET`, and to triggers that ask for `info`.

    What costs nothing is told without being asked for, as some servers do.
    """

    def __init__(self, counts: ListenerCounts, pages: PresencePages, turn: Turn) -> None:
        self._counts = counts
        self._pages = pages
        self._turn = turn

    def channels(self, app: App, prefix: str, info: str) -> dict[str, Any]:
        """All that are occupied and begin with `prefix`.

        Raises:
            Refused: users are asked for where there are none, or too many wait for Redis.
            QueueUnavailable: Redis did not answer.
        """
        if USERS in _asked(info) and not is_presence(prefix):
            raise bad(
                "user_count may only be requested for presence channels - please supply "
                f"filter_by_prefix beginning with {PRESENCE}"
            )
        found = {
            channel: {OCCUPIED: True, SUBSCRIPTIONS: count}
            for channel, count in self._names(app, prefix)
        }
        if USERS in _asked(info):
            told = self.of(app, [(channel, USERS) for channel in found])
            for channel, users in zip(found, told, strict=True):
                found[channel] |= users
        return {"channels": found}

    def channel(self, app: App, channel: str, info: str) -> dict[str, Any]:
        """One, whether it is occupied or not; raises as `channels`."""
        if USERS in _asked(info) and not is_presence(channel):
            raise bad("Cannot retrieve the user count unless the channel is a presence channel")
        name = channel_of(app, channel)
        with self._turn():
            (count,) = self._counts.of([name])
        told = {OCCUPIED: count.connections > 0, SUBSCRIPTIONS: count.connections}
        return {**told, USERS: count.members} if is_presence(channel) else told

    def users(self, app: App, channel: str) -> dict[str, Any]:
        """The members of a presence channel; raises as `channels`."""
        if not is_presence(channel):
            raise bad("Users can only be retrieved for presence channels")
        name = channel_of(app, channel)
        with self._turn():
            members = self._counts.members_of(name)
        return {"users": [{"id": member} for member in sorted(members)]}

    def of(self, app: App, asked: Sequence[tuple[str, str]]) -> list[dict[str, int]]:
        """Of each channel what `info` asks for; the users only of presence channels."""
        wanted = dict.fromkeys(channel for channel, info in asked if _asked(info))
        counts = dict(zip(wanted, self._counted(app, list(wanted)), strict=True))
        return [_told(channel, info, counts) for channel, info in asked]

    def _counted(self, app: App, channels: Sequence[str]) -> Iterator[Count]:
        for start in range(0, len(channels), AT_ONCE):
            names = [channel_of(app, channel) for channel in channels[start : start + AT_ONCE]]
            with self._turn():
                yield from self._counts.of(names)

    def _names(self, app: App, prefix: str) -> Iterator[tuple[str, int]]:
        if prefix and not NAME.fullmatch(prefix):
            return  # No channel begins so.
        after, found = "", 0
        while True:
            with self._turn():
                page = self._pages.page(CHANNELS, after, app.prefix + prefix, MOST_NAMES)
            for after, count in page.connections.items():
                channel = to_theirs(app, after)
                if channel is not None and NAME.fullmatch(channel):  # Not that of a user.
                    found += 1
                    yield channel, count
            if page.is_last:
                return
            if found > MOST_CHANNELS:
                raise bad(f"more than {MOST_CHANNELS} channels: use filter_by_prefix")


def _told(channel: str, info: str, counts: Mapping[str, Count]) -> dict[str, int]:
    asked, told = _asked(info), {}
    if SUBSCRIPTIONS in asked:
        told[SUBSCRIPTIONS] = counts[channel].connections
    if USERS in asked and is_presence(channel):
        told[USERS] = counts[channel].members
    return told


def _asked(info: str) -> set[str]:
    return {USERS, SUBSCRIPTIONS} & set(info.split(","))
