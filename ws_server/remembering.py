"""What is remembered of clients and users over all processes, and when it changes.

How it is kept stands in `relay.memory`, and what waits for users in `relay.inboxes`. Each of the
two can be missing: then nothing is remembered there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import gevent

from common.message import Mark
from common.store.log import Log
from common.store.places import Places
from config.settings import Settings
from ws_server.clients.beginning import Beginning
from ws_server.clients.connection import Connection, State
from ws_server.clients.hub import Hub
from ws_server.door.listen import Listen
from ws_server.relay.beginnings import Beginnings
from ws_server.relay.inboxes import Inboxes, user_of
from ws_server.relay.memory import ClientMemory


@dataclass(frozen=True)
class Remembered:
    """Where it is kept: of clients, and of users."""

    clients: Places | None = None
    users: Places | None = None


NOTHING = Remembered()


class Remembering:
    """Told of who comes and goes."""

    def __init__(self, kept: Remembered, settings: Settings, source: Log, hub: Hub) -> None:
        self._hub = hub
        self._clients: ClientMemory | None = None
        self._inboxes: Inboxes | None = None
        if kept.clients is not None:
            self._clients = ClientMemory(kept.clients, settings.client_seconds)
        if kept.users is not None:
            memory = ClientMemory(kept.users, settings.inbox_seconds, user_of)
            self._inboxes = Inboxes(source, hub, memory)
        hub.confirming.on_confirmed += [memory.note for memory in self._memories()]

    def help(self, beginnings: Beginnings) -> None:
        """Let it find where clients begin that are remembered."""
        beginnings.memory, beginnings.inboxes = self._clients, self._inboxes

    def start(self) -> None:
        """Tell Redis, from now on."""
        for memory in self._memories():
            gevent.spawn(memory.run)

    def enter(self, connection: Connection, listen: Listen, beginning: Beginning) -> None:
        """A client has been taken in."""
        if beginning.refused is not None:
            return
        if listen.client and self._clients is not None:
            self._enter_client(self._clients, connection, listen, beginning)
        # Who is closed or gone already was sent nothing, so nothing of its user's is moved by it.
        if self._inboxes is not None and listen.grant.user is not None and connection.is_open:
            self._enter_user(self._inboxes.memory, connection, listen, beginning)
        if connection.state is State.GONE:
            self.leave(connection)

    def _enter_client(
        self, memory: ClientMemory, connection: Connection, listen: Listen, beginning: Beginning
    ) -> None:
        # Who says itself where it is knows better. And who cannot be told of a gap is closed:
        # it must not be closed again for the same.
        is_set = listen.last_id is not None or (bool(beginning.missing) and not connection.is_open)
        since = None
        if beginning.missing and beginning.asked and not is_set:
            since = Mark.parse(beginning.asked)  # If the notice is lost, it is told again.
            self._hub.confirming.ask_first(connection, connection.confirmed)
        memory.enter(connection, is_set=is_set, since=since)

    def _enter_user(
        self, memory: ClientMemory, connection: Connection, listen: Listen, beginning: Beginning
    ) -> None:
        self._hub.confirming.want_from(connection)
        # With one of these, Redis was not asked about the user, and may not know it.
        is_new = listen.last_id is not None or bool(listen.client)
        memory.enter(connection, is_new=is_new, since=beginning.waited_from)
        if beginning.waited_from is not None:
            waited = beginning.waited
            self._hub.confirming.ask_first(
                connection, waited.last if waited else connection.confirmed
            )

    def leave(self, connection: Connection) -> None:
        """A client is gone."""
        for memory in self._memories():
            memory.leave(connection)

    def stop(self, limit: float) -> None:
        """Tell Redis the rest, within so many seconds."""
        for memory in self._memories():
            memory.stop(limit)

    def _memories(self) -> Iterator[ClientMemory]:
        if self._clients is not None:
            yield self._clients
        if self._inboxes is not None:
            yield self._inboxes.memory
