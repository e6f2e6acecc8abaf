"""Which channels of an application are occupied, by how many and by whom, as Pusher tells it.

What it says is what the WebSocket servers have written, so it is up to some seconds old
(`common/store/presence.py`). It knows no route and no signature.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from common.pusher.apps import App
from common.pusher.names import NAME, PRESENCE, is_presence, to_theirs
from common.store.listener_counts import ListenerCounts
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
            for channel, told in zip(found, self.of(app, list(found), USERS), strict=True):
                found[channel] |= told
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

    def of(self, app: App, channels: Sequence[str], info: str) -> list[dict[str, int]]:
        """What is asked of each; the users only of presence channels."""
        asked = _asked(info)
        if not asked:
            return [{} for _ in channels]
        told: list[dict[str, int]] = []
        for start in range(0, len(channels), AT_ONCE):
            some = channels[start : start + AT_ONCE]
            with self._turn():
                counts = self._counts.of([channel_of(app, channel) for channel in some])
            for channel, count in zip(some, counts, strict=True):
                one = {SUBSCRIPTIONS: count.connections} if SUBSCRIPTIONS in asked else {}
                has_users = USERS in asked and is_presence(channel)
                told.append({**one, USERS: count.members} if has_users else one)
        return told

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


def _asked(info: str) -> set[str]:
    return {USERS, SUBSCRIPTIONS} & set(info.split(","))
