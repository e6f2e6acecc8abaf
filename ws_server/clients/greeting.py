"""The first thing that a client is sent: whether it misses anything, a welcome, and what waited."""

from common.channels import of_user
from common.message import Mark, parse_id
from ws_server.clients.beginning import Beginning
from ws_server.clients.connection import Connection


def greeting_for(
    connection: Connection, beginning: Beginning, cursor: int, session: str = ""
) -> bytes | None:
    """In its format; None if it misses something and cannot be told.

    What waited is older than its place. So it is told an id before that, and its place behind it:
    wherever it is cut off, it comes back with an id after which is all that it has not got.
    """
    feed, missing = connection.feed, beginning.missing
    page = beginning.waited
    if not (feed.format.has_welcome or missing or page):
        return b""
    at = Mark(feed.epoch, cursor)
    first = at if page is None else Mark(feed.epoch, parse_id(page.ids[0]) - 1)
    greeting = feed.format.welcome(
        first,
        connection.channels,
        complete=not missing,
        again=beginning.again,
        connection=connection.id,
        session=session,
    )
    if missing:
        notice = feed.format.gap(first, beginning.asked, missing)
        if notice is None:
            return None
        # The gap is told first: a client that gets only a part of both must not have the new id
        # without it.
        is_last = feed.format.welcome_is_first  # There the welcome itself says it.
        greeting = greeting + notice if is_last else notice + greeting
    user = connection.grant.user
    if page is None or user is None:
        return greeting
    frames = feed.format.messages(feed.epoch, page, [of_user(user)] * len(page.ids))
    end = feed.format.ping(at) if feed.format.has_ids else b""
    return b"".join([greeting, *frames, end])
