"""Channels: what may be the name of one, and which names a subscription matches.

`user:42` is the channel of user 42. A subscription is a name, or a wildcard: a
name and `.*`, which matches all names that begin with it and the dot. No I/O here.

The rule for names stands here. settle.lua has it, too, and so has the console (names.js): tests
compare them.
"""

import json
import re
from collections.abc import Sequence
from string import ascii_letters, digits
from typing import Any

LONGEST = 200
CHARACTERS = f"{ascii_letters}{digits}_.:@-=,;"  # Ours, and those of Pusher's channels.
SHOWN = "A-Z a-z 0-9 _ . : @ - = , ;"
NAME = re.compile(rf"[{re.escape(CHARACTERS)}]{{1,{LONGEST}}}")
USER = "user:"
MEMBERS = "members:"  # Before the name of a channel: who comes to it and goes.
SYNC = "sync:"  # Before a name that is drawn: a message there marks a place of the log.
LONGEST_USER = LONGEST - len(USER)
WILD = ".*"


def is_name(text: str) -> bool:
    """Whether a message can be pushed to it."""
    return NAME.fullmatch(text) is not None


def names_in(text: str, most: int = -1) -> list[Any]:
    """The names in a text, unchecked: separated by commas; or a JSON list, for names with commas.

    Of what is separated by commas, all after the first `most` is one.

    Raises:
        ValueError: it begins like a JSON list, as no name does, and is none.
    """
    if not text.startswith("["):
        return text.split(",", most)
    try:
        return list(json.loads(text))
    except (ValueError, RecursionError):
        raise ValueError("it begins like a JSON list, and is none") from None


def text_of(names: Sequence[str]) -> str:
    """The inverse of `names_in`."""
    has_comma = any("," in name for name in names)
    return json.dumps(list(names), separators=(",", ":")) if has_comma else ",".join(names)


def is_wildcard(text: str) -> bool:
    """Whether it stands for all names that begin so. There are none of users: `user:4.*` is not."""
    return text.endswith(WILD) and is_name(text[: -len(WILD)]) and not text.startswith(USER)


def is_subscription(text: str) -> bool:
    """Whether a client can ask for it."""
    return is_name(text) or is_wildcard(text)


def is_grantable(name: object) -> bool:
    """Whether a token can grant it. What is a user's is not: such a token names the user."""
    return isinstance(name, str) and is_subscription(name) and not name.startswith(USER)


def of_user(user: str) -> str:
    """The channel that reaches all connections of a user."""
    return USER + user


def is_user(user: str) -> bool:
    """Whether it can be the name of a user; `user:42` cannot: its channel is meant."""
    return user != "" and not user.startswith(USER) and is_name(of_user(user))


def subscriptions_to(name: str) -> Sequence[str]:
    """Everything that can be subscribed to and matches `name`: itself, and its wildcards."""
    if "." not in name or name.startswith(USER):
        return (name,)
    found, dot = [name], name.find(".", 1)
    while dot > 0:
        found.append(name[:dot] + WILD)
        dot = name.find(".", dot + 1)
    return found


def reaches(name: str, subscriptions: frozenset[str]) -> bool:
    """Whether a client with these subscriptions gets a message to channel `name`."""
    return any(each in subscriptions for each in subscriptions_to(name))


def covers(granted: str, wanted: str) -> bool:
    """Whether a right to subscribe to `granted` includes `wanted`."""
    if granted == wanted:
        return True
    return is_wildcard(granted) and is_subscription(wanted) and wanted.startswith(granted[:-1])
