"""What the sockets of clients have taken. Nothing is sent here."""

from ws_server.clients.connection import Connection


def written_upto(connection: Connection) -> int:
    """The id up to which an open client's socket has taken everything that is for it."""
    owed = connection.owed
    if owed is None:
        return connection.sent_upto
    # Of the message at its cursor the end may be in the outbox.
    return max(owed.cursor - 1 if owed.outbox else owed.cursor, connection.confirmed)


def hears_all(connection: Connection) -> bool:
    """Whether a client is sent what is for everybody."""
    return not connection.feed.format.has_frame_by_channel


def has_arrived(connection: Connection) -> bool:
    """Whether all that it was sent is at the other end, as far as our kernel knows."""
    owed = connection.owed
    return (owed is None or not owed.outbox) and connection.is_drained()
