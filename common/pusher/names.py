"""Channels and users of Pusher's applications, and what they are called in the log and in Redis.

The names of the first application are the same in both: what its backend triggers on `orders`
reaches our own listeners of `orders`, and a push to `orders` reaches its clients. Those of any
other begin with its id and a colon, which no channel of Pusher's can have: `orders` of the
application 7 is `7:orders`. `#server-to-user-42` is `user:42`, the channel of user 42; of 7 it is
`user:7:42`.
"""

import re

from common import channels
from common.pusher.apps import App

LONGEST = 200
NAME = re.compile(rf"[A-Za-z0-9_=@,.;-]{{1,{LONGEST}}}", re.ASCII)
SERVER_TO_USER = "#server-to-user-"
PRIVATE, PRESENCE = "private-", "presence-"


def to_ours(app: App, channel: str) -> str:
    """The channel of an application as it is named here.

    Raises:
        ValueError: it cannot be the name of one; the text says why.
    """
    if channel.startswith(SERVER_TO_USER):
        return channels.of_user(user_to_ours(app, channel.removeprefix(SERVER_TO_USER)))
    if not NAME.fullmatch(channel):
        raise ValueError(f"a channel has 1 to {LONGEST} of A-Z a-z 0-9 _ - = @ , . ;")
    return _fitting(app.prefix + channel)


def to_theirs(app: App, name: str) -> str | None:
    """The inverse of `to_ours`; None if the application has no such channel."""
    if name.startswith(channels.USER):
        user = user_to_theirs(app, name.removeprefix(channels.USER))
        return None if user is None else SERVER_TO_USER + user
    if not name.startswith(app.prefix):
        return None
    channel = name.removeprefix(app.prefix)
    return channel if NAME.fullmatch(channel) else None


def user_to_ours(app: App, user: str) -> str:
    """The user of an application as it is named here.

    Raises:
        ValueError: it cannot be the name of one; the text says why.
    """
    if user.startswith(app.others):
        raise ValueError("a user cannot begin with the id of another application and a colon")
    if not user or not channels.is_user(app.prefix + user):
        longest = channels.LONGEST_USER - len(app.prefix)
        raise ValueError(f"a user has 1 to {longest} of the characters of channels, or a colon")
    return app.prefix + user


def user_to_theirs(app: App, user: str) -> str | None:
    """The inverse of `user_to_ours`; None if the application has no such user."""
    if not user.startswith(app.prefix) or user.startswith(app.others):
        return None
    return user.removeprefix(app.prefix) or None


def is_presence(channel: str) -> bool:
    """Whether a channel, as Pusher names it, has members."""
    return channel.startswith(PRESENCE)


def needs_auth(channel: str) -> bool:
    """Whether who subscribes to a channel, as Pusher names it, must show a signature."""
    return channel.startswith((PRIVATE, PRESENCE))


def is_guarded(name: str) -> bool:
    """The same of a channel or wildcard as it is named here, of whatever application."""
    return needs_auth(name.rpartition(":")[2])


def _fitting(name: str) -> str:
    if not channels.is_name(name):
        raise ValueError(f"with the id of its application it is longer than {channels.LONGEST}")
    return name
