"""The first thing that a client is sent: whether it misses anything, a welcome, and what waited."""

from common.channels import of_user
from common.message import Mark
from ws_server.clients.beginning import Beginning
from ws_server.clients.connection import Connection


def greeting_for(connection: Connection, beginning: Beginning, cursor: int) -> bytes | None:
    """In its format; None if it misses something and cannot be told."""
    feed = connection.feed
    at, missing = Mark(feed.epoch, cursor), beginning.missing
    greeting = feed.format.welcome(
        at, connection.channels, complete=not missing, again=beginning.again
    )
    if missing:
        notice = feed.format.gap(at, beginning.asked, missing)
        if notice is None:
            return None
        # The gap is told first: a client that gets only a part of both must not have the new id
        # without it.
        greeting = notice + greeting
    page, user = beginning.waited, connection.grant.user
    if page is None or user is None:
        return greeting
    frames = feed.format.messages(feed.epoch, page, [of_user(user)] * len(page.ids))
    return b"".join([greeting, *frames])
