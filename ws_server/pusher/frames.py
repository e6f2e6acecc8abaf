"""Pusher's format: a message is an event on a channel, in a frame for each of its channels.

Besides what Pusher has, a frame has the `id` of its message. Libraries pass over that, and a page
that looks at its WebSocket can tell by it what it has had before.

From messages to bytes, once for all clients. No sockets here, and no Redis.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from itertools import repeat
from json.encoder import encode_basestring

from common.channels import MEMBERS
from common.message import Mark
from common.page import Page
from common.pusher.apps import Apps
from common.pusher.names import to_theirs
from ws_server.pusher import answers
from ws_server.pusher.close_codes import code_of
from ws_server.wire.bodies import Names
from ws_server.wire.close_codes import CloseCode
from ws_server.wire.frames import TEXT, Frames, close_frame, frame

NO_EVENT = "message"  # The event of a message that names none.
MOST_NAMES = 10_000
MEMBER_EVENTS = {
    "joined": "pusher_internal:member_added",
    "left": "pusher_internal:member_removed",
}


def shown_by(apps: Apps) -> Callable[[str], str]:
    """How a client knows a channel, by its name in the log; empty if it is of no application."""

    @lru_cache(MOST_NAMES)
    def shown(name: str) -> str:
        channel = name.removeprefix(MEMBERS)
        return next(filter(None, (to_theirs(app, channel) for app in apps)), "")

    return shown


def _frame(channel: str, event: str, data: str, more: str = "") -> bytes:
    said, text = encode_basestring(event), encode_basestring(data)
    return frame(TEXT, f'{{"event":{said},"channel":"{channel}","data":{text}{more}}}'.encode())


def _of_member(channel: str, event: str, content: bytes, id_: str) -> bytes:
    """That a member has come or gone, or what it has sent; nothing if it is neither."""
    if event in MEMBER_EVENTS:
        return _frame(channel, MEMBER_EVENTS[event], content.decode("utf-8", "replace"))
    try:
        said = json.loads(content)
        user, data = said["user_id"], said["data"]
        told = encode_basestring(user) if isinstance(user, str) else f"{user:d}"
        return _frame(channel, event, data, f',"user_id":{told}{id_}')
    except (ValueError, LookupError, TypeError, RecursionError):  # Anybody may push such a message.
        return b""


class PusherFrames(Frames):
    """`shown` is how a client knows a channel, by its name in the log."""

    shows_channel = has_frame_by_channel = True

    def __init__(self, shown: Callable[[str], str]) -> None:
        self._shown = shown

    def messages(self, epoch: str, page: Page, names: Names = None) -> list[bytes]:
        """Nothing for a message that is for everybody: it is on no channel."""
        if names is None:
            return [b""] * len(page.ids)
        shown, frames = self._shown, list[bytes]()
        start = ',"id":"' + epoch + "-"
        events = page.events or repeat(b"")
        for at, content, name, event in zip(page.ids, page.contents, names, events, strict=False):
            channel = shown(name) if name else ""
            said = event.decode("utf-8", "replace")
            if not channel:
                frames.append(b"")
            elif name and name.startswith(MEMBERS):
                id_ = f'{start}{at.decode()}"'
                frames.append(_of_member(channel, said, content, id_))
            else:
                text, id_ = content.decode("utf-8", "replace"), f'{start}{at.decode()}"'
                frames.append(_frame(channel, said or NO_EVENT, text, id_))
        return frames

    def welcome(self, *_: object, **__: object) -> bytes:
        """Nothing: who it is, and whether there is its application, is not known here."""
        return b""

    def gap(self, at: Mark, after: str | None, reason: str) -> bytes | None:
        return answers.gap(None, {"id": str(at), "after": after, "reason": reason})

    def farewell(self, close: CloseCode) -> bytes:
        code = code_of(close)
        told = answers.error(close.reason, code) if code >= 4000 else b""
        return told + close_frame(code, close.reason)
