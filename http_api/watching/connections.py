"""`Connections`: who is connected, and who must go.

What it says is what the WebSocket servers have written, so it is up to some seconds old
(`common/store/presence.py`). It closes nothing itself: a kick goes through the queue, like a
push. It knows no route and no token.
"""

from typing import Any

from common.channels import LONGEST, LONGEST_USER, is_subscription, is_user
from common.message import Kick
from common.refused import Refused
from common.store.presence import PresenceReader
from common.store.queue import Queue
from http_api.access.waiting import Admit, Turn
from http_api.reading.answers import SUCCESS

NO_TEXT = "\ufffd"  # What WSGI's path holds instead of bytes that are no UTF-8.
CHARACTERS = "letters, digits and any of _.:@-=,;"


class Connections:
    """Answers by user and by channel."""

    def __init__(self, presence: PresenceReader, queue: Queue, turn: Turn, admit: Admit) -> None:
        self._presence = presence
        self._queue = queue
        self._turn = turn
        self._admit = admit

    def user(self, user: str) -> dict[str, Any]:
        """Whether and how often a user is connected.

        Raises:
            Refused: no user can have this name, or too many wait for Redis.
            QueueUnavailable: Redis did not answer.
        """
        count = self._count(user)
        return {**SUCCESS, "user": user, "connected": count > 0, "connections": count}

    def channel(self, channel: str) -> dict[str, Any]:
        """Who listens to a channel or a wildcard; `truncated` only if not all users are listed.

        Raises:
            Refused: nobody can listen to this, or too many wait for Redis.
            QueueUnavailable: Redis did not answer.
        """
        _check_channel(channel)
        with self._turn():
            members = self._presence.members_of(channel)
        answer = {
            **SUCCESS,
            "channel": channel,
            "connections": members.connections,
            "anonymous": members.anonymous,
            "users": members.users,
        }
        return {**answer, "truncated": True} if members.truncated else answer

    def kick(self, user: str) -> dict[str, Any]:
        """Queue an order to close all connections of a user; how many there are as of now.

        Raises:
            Refused: no user can have this name, or too many wait for Redis.
            QueueUnavailable: Redis did not confirm it.
        """
        count = self._count(user)
        # Even if there are none: one may be too new to be known, or its server cut off from Redis.
        with self._admit(1):
            self._queue.push([Kick(user).to_item()])
        return {**SUCCESS, "user": user, "connections": count}

    def _count(self, user: str) -> int:
        _check_user(user)
        with self._turn():
            return self._presence.connections_of(user)


def _check_user(user: str) -> None:
    _check_text(user)
    if not is_user(user):
        reason = f"a user has 1 to {LONGEST_USER} characters: {CHARACTERS}"
        raise Refused("bad_user", reason)


def _check_channel(channel: str) -> None:
    _check_text(channel)
    if not is_subscription(channel):
        raise Refused(
            "bad_channel",
            f"a channel has 1 to {LONGEST} characters: {CHARACTERS} "
            "(a wildcard ends with .* besides)",
        )


def _check_text(name: str) -> None:
    if NO_TEXT in name:
        raise Refused("content_not_text", "the name is not UTF-8")
