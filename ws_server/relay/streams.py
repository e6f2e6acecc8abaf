"""How far streams of events are, which cannot confirm anything: what has arrived must do.

The kernel knows that. While a stream is there, it has what the other end has acknowledged for a
round. At its end it has all that it was sent, unless something was on its way or left unread. No
Redis here.
"""

from collections.abc import Iterator

import gevent

from common.message import Mark
from ws_server.clients.connection import Connection
from ws_server.clients.written import has_arrived

AT_ONCE = 500  # Streams between two turns of the event loop: 2 ms if all have got something.


class Streams:
    """The place of each: what it has surely got."""

    def __init__(self) -> None:
        self._places: dict[Connection, Mark] = {}
        self._arrived: dict[Connection, Mark] = {}  # So much had arrived in the last round.

    def enter(self, connection: Connection, since: Mark | None) -> None:
        """A stream begins; with what comes after `since`, if that is before its own place."""
        place = since or Mark(connection.feed.epoch, connection.sent_upto)
        self._places[connection] = self._arrived[connection] = place

    def note(self) -> Iterator[Connection]:
        """Those that have got more; to be called once a round. Others have their turn meanwhile."""
        for count, (connection, arrived) in enumerate(list(self._arrived.items())):
            if count % AT_ONCE == AT_ONCE - 1:
                gevent.sleep(0)
            if not connection.is_open or connection not in self._arrived:
                continue
            if self._places[connection] != arrived:
                self._places[connection] = arrived
                yield connection
            epoch, sent = connection.feed.epoch, connection.sent_upto
            if (sent, epoch) != (arrived.id, arrived.epoch) and has_arrived(connection):
                self._arrived[connection] = Mark(epoch, sent)

    def place_of(self, connection: Connection) -> Mark | None:
        """None: it is no stream of events."""
        if connection.took_all:
            return Mark(connection.feed.epoch, connection.pinged)
        return self._places.get(connection)

    def leave(self, connection: Connection) -> None:
        """It is gone."""
        self._places.pop(connection, None)
        self._arrived.pop(connection, None)
