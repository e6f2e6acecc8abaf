"""How a socket whose handshake is done becomes a client of the hub.

In this order: it is counted; Redis is asked where it begins, if memory does not say it; it joins
the hub; `on_connect` is called; what it sends is read. Nothing here waits for the client.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import gevent

from ws_server.census import Census
from ws_server.clients.beginning import Beginning
from ws_server.clients.connection import Connection, State
from ws_server.clients.endpoint import HOOK
from ws_server.clients.hub import Hub
from ws_server.clients.keepalive import Keepalive
from ws_server.door.listen import Listen
from ws_server.door.revoked import Revoked
from ws_server.hooks import Hooks
from ws_server.inbox.receiver import Receiver
from ws_server.relay.arrivals import Arrival, Arrivals, has_left
from ws_server.relay.relay import Relay
from ws_server.remembering import Remembering
from ws_server.wire.close_codes import REVOKED, CloseCode

ACCEPTED = "accepted"  # Instead of an error.


class Dialect(Protocol):
    """What else there is to say to the clients of a format."""

    def begin(self, connection: Connection, listen: Listen) -> None:
        """A client has joined; it may be closed at once."""


class Lobby(Protocol):
    """Where clients of a dialect wait until they have said who they are; then they are adopted."""

    def enter(self, fd: int, early: bytes, listen: Listen) -> None:
        """One comes, whose handshake is done."""

    def stop(self, farewell: CloseCode) -> None:
        """Tell this to those who wait, and to all who still come."""


@dataclass(kw_only=True)
class Newcomers:
    """Takes clients in, and says whether there is room for one more."""

    census: Census
    relay: Relay
    hub: Hub
    receiver: Receiver
    hooks: Hooks
    keepalive: Keepalive
    redis_timeout: float
    remembering: Remembering | None = None
    revoked: Revoked | None = None
    dialects: Mapping[str, Dialect] = field(default_factory=dict)  # By the name of the format.
    lobbies: dict[str, Lobby] = field(default_factory=dict)  # By what stands for a format there.

    def __post_init__(self) -> None:
        find = self.relay.beginnings.find
        self._arrivals = Arrivals(find, self._take_in, self.redis_timeout)
        self._farewell: CloseCode | None = None  # What clients are told at the stop.
        self.is_leaving = False  # Clients should be sent to others; those who come are taken.

    @property
    def is_ready(self) -> bool:
        """Whether Redis answers and connections are taken, and that will remain so."""
        return self.relay.is_connected and self._farewell is None and not self.is_leaving

    @property
    def refuses(self) -> str | None:
        """Why no connection is taken now, if so."""
        if self._farewell is not None:
            return "the server stops"
        if not self.relay.is_ready:
            return "the server waits for Redis"
        if self.census.is_full:
            return "too many connections"
        return None

    def is_crowded(self, address: str) -> bool:
        """Whether no more connections are taken from an address; for all of them, see `refuses`."""
        return self.census.is_crowded(address)

    def adopt(self, fd: int, early: bytes, listen: Listen) -> None:
        """Take over a socket whose handshake is done, with what was read from it too early.

        Never waits: the caller holds a place of the web server. Whatever has to wait goes on in a
        greenlet, and counts as a connection meanwhile.
        """
        if (lobby := self.lobbies.get(listen.format)) is not None:
            lobby.enter(fd, early, listen)
            return
        self.hub.tally.accepts[ACCEPTED] += 1
        self.census.enter(listen)  # Before anything can make it leave again.
        arrival = Arrival(fd, early, listen)
        beginning = self.relay.beginnings.find_in_memory(listen)
        if beginning is None:
            self._arrivals.add(arrival)
        else:
            self._take_in(arrival, beginning)

    def note_refused(self, error: str) -> None:
        """Count a client that was not let in."""
        self.hub.tally.accepts[error] += 1

    @property
    def are_gone(self) -> bool:
        """Whether nobody is left of all who came."""
        return not len(self.census)

    def refuse_from_now_on(self, farewell: CloseCode) -> None:
        """Tell this to those who wait for Redis, and to all who still come."""
        self._farewell = farewell
        self.is_leaving = True
        for lobby in self.lobbies.values():
            lobby.stop(farewell)
        self._arrivals.stop(farewell)

    def _take_in(self, arrival: Arrival, beginning: Beginning) -> None:
        if self._farewell is not None:
            beginning = Beginning(refused=self._farewell)
        elif self.revoked and self.revoked.covers(arrival.listen.grant):  # While it waited.
            beginning = Beginning(refused=REVOKED)
        connection = self.hub.join(arrival.fd, self.receiver.read, arrival.listen, beginning)
        form, here = arrival.listen.format_name, len(self.census)
        self.hub.journal.tell_came(connection, form, here)
        if self.remembering is not None:
            self.remembering.enter(connection, arrival.listen, beginning)
        if (dialect := self.dialects.get(form)) is not None and connection.is_open:
            dialect.begin(connection, arrival.listen)
        if not connection.is_open:
            return  # Refused, or gone already: no hook hears of it.
        if arrival.listen.grant.expires is not None:
            self.keepalive.watch_expiry(connection)
        if self.hooks.greets:
            connection.pause_reading(HOOK)  # What it sends is read after the hook.
            gevent.spawn(self._greet, connection, arrival.early)
        else:
            self.hooks.greet(connection)
            self._read_early(connection, arrival.early)

    def _greet(self, connection: Connection, early: bytes) -> None:
        if connection.state is State.GONE or has_left(connection.fd):
            self.hub.sender.drop(connection)
            return
        try:
            self.hooks.greet(connection)
        finally:
            connection.resume_reading(HOOK)
        self._read_early(connection, early)

    def _read_early(self, connection: Connection, early: bytes) -> None:
        if early and connection.is_open:
            self.receiver.feed(connection, early)
