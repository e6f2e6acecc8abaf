"""The web server's worker: gunicorn's gevent worker, with limits of our own.

An address has a limited number of sockets, and when there is no room, those who have kept a slot
for longest make some. A stop waits for requests but for no idle connection. The door answers what
is plain; everything else goes through gunicorn, in a `RequestLoop`.
"""

import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

import gevent

from common.libraries.gunicorn_worker import SERVER, WorkerProcess
from common.refused import Refused
from common.serving.acceptor import LAST_REQUESTS, Acceptor
from common.serving.address_limit import AddressLimit
from common.serving.client_sockets import ClientSocket, queue_length, sockets_to_cut
from common.serving.door.connection import Connection
from common.serving.door.door import Door, Take
from common.serving.request_loop import Handed, RequestLoop

# Accepted of each of three listeners between two turns of the event loop; gevent's are 100. So many
# handshakes take as long as a slice of a fan-out. With 10, a storm of 10,000 overflows what the
# kernel keeps, and some come after 7 s: decision 49.
ACCEPTS = 20
ALIVE_STEP = 0.2  # Seconds between two looks at whether to go on.
SCARCE_STEP = 0.05  # The same while there is no room.
DRAIN_STEP = 0.02
ONE_READ = 64 * 1024

TOO_MANY = Refused(
    "too_many_connections", "too many connections from one address", {"Retry-After": "5"}
)


class GunicornWorker(WorkerProcess):
    """Named in `common.serving.server`; gunicorn makes one per process."""

    # Both reach the whole group; the master turns Ctrl-C into a graceful stop, and a terminal
    # that is closed into a reload, unless it was told at its start to ignore it.
    left_to_master = (signal.SIGINT, signal.SIGHUP)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._limits = self.app.settings
        self._address_limit = AddressLimit(
            self._limits.connections_per_address, self._limits.trusted_proxies
        )
        self._clients: set[ClientSocket | Connection] = set()
        self._acceptors: list[Acceptor] = []
        self._door: Door | None = None
        self._loop = RequestLoop(self, self._limits)
        self._others_wait = False  # More than are accepted at once.

    def run(self) -> None:
        """Serve until told to stop; then finish the requests under way, not idle connections."""
        self._door = self._open_door()
        self._acceptors = [self._open_acceptor(listener) for listener in self.sockets]
        try:
            self._go_on_while(lambda: self.alive)
            end = monotonic() + self.app.announce_stop()  # Meanwhile balancers find it out.
            self._go_on_while(lambda: monotonic() < end and not self.app.is_hurried())
        finally:
            self.app.seat.say_nothing()
            for acceptor in self._acceptors:
                acceptor.accept_the_rest(self.slots)
                acceptor.close()  # The port is free at once.
        self._finish()

    def _go_on_while(self, is_so: Callable[[], bool]) -> None:
        while is_so():
            self.app.seat.turn(monotonic())
            self._look_after_all()
            self._look_for_room()
            gevent.sleep(SCARCE_STEP if self._others_wait else ALIVE_STEP)

    def _finish(self) -> None:
        """End the requests under way, and meanwhile the application: its clients are told soon."""
        now = monotonic()
        gevent.sleep(LAST_REQUESTS)  # Whoever was let in last has not said yet what it wants.
        stopping = gevent.spawn(self.app.stop_application)
        while (
            self._is_at_work() and monotonic() < now + self._limits.stop_timeout
        ) or not stopping.dead:
            self._look_after_all()
            gevent.sleep(DRAIN_STEP)

    def _is_at_work(self) -> bool:
        return bool(self._loop.under_way) or (self._door is not None and self._door.is_at_work())

    def _look_after_all(self) -> None:
        self.notify()  # Exits if the master is gone.
        if self._door is not None:
            self._door.end_overdue()

    def _open_door(self) -> Door | None:
        application = self.app.plain_application()
        if application is None:
            return None
        limits = self._limits
        return Door(application, SERVER, limits.header_timeout, limits.request_timeout, self._leave)

    def _open_acceptor(self, listener: Any) -> Acceptor:
        listener.setblocking(1)
        # Its address is still wanted when the last requests are read, and it is closed.
        address = listener.getsockname()
        admit = partial(self._admit, address, partial(self._take, address))
        acceptor = Acceptor(listener, admit, self._is_full)
        acceptor.accept_at_once(self._accepts_at_once())
        acceptor.start()
        return acceptor

    def _accepts_at_once(self) -> int:
        """While many are accepted, whatever else there is to do waits."""
        # Where several workers listen, each leaves some for the others, unless there are enough.
        return 1 if self.has_siblings and not self._others_wait else ACCEPTS

    def _is_full(self) -> bool:
        return len(self._clients) >= self.slots

    def _look_for_room(self) -> None:
        """While many wait and few slots are left, nobody keeps one between two requests."""
        waiting = sum(queue_length(acceptor.socket) for acceptor in self._acceptors)
        is_full = self._is_full()
        self._others_wait = waiting > (0 if is_full else ACCEPTS)
        # Many who come at once and find room are no reason to close anybody's connection.
        is_scarce = self._others_wait and 2 * len(self._clients) > self.slots
        self._loop.is_scarce = is_scarce
        if self._door is not None:
            self._door.is_scarce = is_scarce
        for acceptor in self._acceptors:
            acceptor.accept_at_once(self._accepts_at_once())
        if is_full and waiting:
            for each in sockets_to_cut(self._clients, waiting, self.slots, monotonic()):
                each.cut()

    def _admit(self, listener: Any, take: Take, plain: Any, peer: Any) -> None:
        """Begin to serve a connection; `listener` and `peer` are the two addresses."""
        counted = self._address_limit.enter(peer[0])
        if counted is None:
            self._turn_away(_client_socket(plain), peer)
            return
        plain.setblocking(False)
        if self._door is None:
            self._begin(listener, _client_socket(plain), Handed(peer, counted))
            return
        self._clients.add(self._door.open(plain, peer, counted, take))

    def _take(self, listener: Any, connection: Connection, early: bytes) -> None:
        """Go on with what the door does not answer; its time goes on, too."""
        self._clients.discard(connection)
        client = _client_socket(connection.socket)
        client.since = connection.since
        handed = Handed(connection.peer, connection.counted, early, connection.deadline)
        self._begin(listener, client, handed)

    def _begin(self, listener: Any, client: ClientSocket, handed: Handed) -> None:
        self._clients.add(client)
        gevent.spawn(self.serve, listener, client, handed)

    def serve(self, listener: Any, client: ClientSocket, handed: Handed) -> None:
        """Serve one connection until its end."""
        try:
            self._loop.serve(listener, client, handed)
        finally:
            _close(client)
            self._leave(client, handed.counted)

    def _leave(self, client: ClientSocket | Connection, counted: str) -> None:
        self._clients.discard(client)
        self._address_limit.leave(counted)
        if not self._is_full():
            for acceptor in self._acceptors:
                acceptor.accept_again()

    def _turn_away(self, client: ClientSocket, peer: Any) -> None:
        """Answer at once and read no more than is there."""
        self.log.debug("Too many connections from %s", peer)
        client.settimeout(0.0)
        self._loop.send(client, peer, TOO_MANY)
        with suppress(OSError):  # What is left unread would reset the connection, answer and all.
            client.recv(ONE_READ)
        _close(client)


def _client_socket(plain: Any) -> ClientSocket:
    return ClientSocket(plain.family, plain.type, plain.proto, plain.detach())


def _close(client: ClientSocket) -> None:
    with suppress(OSError):
        client.close()
