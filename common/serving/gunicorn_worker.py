"""The web server's worker: gunicorn's gevent worker, with limits of our own.

A head and a request have a limited time each, an address a limited number of sockets, and
when there is no room, those who have kept a slot for longest make some. A stop waits for
requests but for no idle connection. What cannot be read as HTTP is answered in the project's
JSON shape.
"""

import signal
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

import gevent

from common.libraries.gunicorn_http import ParseException
from common.libraries.gunicorn_worker import WorkerProcess
from common.refused import Refused
from common.serving.acceptor import LAST_REQUESTS, Acceptor
from common.serving.address_limit import AddressLimit
from common.serving.client_sockets import ClientSocket, queue_length, sockets_to_cut
from common.serving.http_requests import HttpRequest, Requests, as_http, translated

ACCEPTS = 24  # Connections accepted between two turns of the event loop; gevent's own are 100.
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
        self._clients: set[ClientSocket] = set()
        self._requests = 0  # Under way.
        self._others_wait = False  # More than are accepted at once.
        self._is_scarce = False  # Others wait, and over half of the slots are taken.

    def run(self) -> None:
        """Serve until told to stop; then finish the requests under way, not idle connections."""
        acceptors = [self._open_acceptor(listener) for listener in self.sockets]
        try:
            while self.alive:
                self.notify()  # Exits if the master is gone.
                self._look_for_room(acceptors)
                gevent.sleep(SCARCE_STEP if self._others_wait else ALIVE_STEP)
        finally:
            for acceptor in acceptors:
                acceptor.accept_the_rest(self.slots)
                acceptor.close()  # The port is free at once.
        self._finish()

    def _finish(self) -> None:
        """End the requests under way, and meanwhile the application: its clients are told soon."""
        now = monotonic()
        gevent.sleep(LAST_REQUESTS)  # Whoever was let in last has not said yet what it wants.
        stopping = gevent.spawn(self.app.stop_application)
        while (
            self._requests and monotonic() < now + self._limits.stop_timeout
        ) or not stopping.dead:
            self.notify()
            gevent.sleep(DRAIN_STEP)

    def _open_acceptor(self, listener: Any) -> Acceptor:
        listener.setblocking(1)
        # Its address is still wanted when the last requests are read, and it is closed.
        serve = partial(self.serve, listener.getsockname())
        acceptor = Acceptor(listener, serve, self.slots)
        acceptor.accept_at_once(self._accepts_at_once())
        acceptor.start()
        return acceptor

    def _accepts_at_once(self) -> int:
        """While many are accepted, whatever else there is to do waits."""
        # Where several workers listen, each leaves some for the others, unless there are enough.
        return 1 if self.has_siblings and not self._others_wait else ACCEPTS

    def _look_for_room(self, acceptors: list[Acceptor]) -> None:
        """While many wait and few slots are left, nobody keeps one between two requests."""
        waiting = sum(queue_length(acceptor.socket) for acceptor in acceptors)
        is_full = any(acceptor.full() for acceptor in acceptors)
        self._others_wait = waiting > (0 if is_full else ACCEPTS)
        # Many who come at once and find room are no reason to close anybody's connection.
        self._is_scarce = self._others_wait and 2 * len(self._clients) > self.slots
        for acceptor in acceptors:
            acceptor.accept_at_once(self._accepts_at_once())
        if is_full and waiting:
            for each in sockets_to_cut(self._clients, waiting, self.slots, monotonic()):
                each.cut()

    def serve(self, listener: Any, client: ClientSocket, peer: Any) -> None:
        """Serve one connection until its end; `listener` and `peer` are the two addresses."""
        counted = self._address_limit.enter(peer[0])
        if counted is None:
            self._turn_away(client, peer)
            return
        self._clients.add(client)
        try:
            self._serve(listener, client, peer)
        finally:
            self._clients.discard(client)
            self._address_limit.leave(counted)
            _close(client)

    def _serve(self, listener: Any, client: ClientSocket, peer: Any) -> None:
        client.setblocking(True)
        request = None
        try:
            requests = Requests(self.cfg, client, peer)
            while request := self._next(requests):
                if not self._answer(request, client, peer, listener):
                    self._linger(requests, client)
                    return
                client.complete()
                client.give_way()
        except StopIteration:
            pass  # There can be no more.
        except OSError as problem:
            self.log.debug("%s has left: %s", peer, problem)
        except ParseException as problem:
            self.log.warning("Refused what %s sent as HTTP: %s", peer, type(problem).__name__)
            self._send(client, peer, translated(problem))
        except BaseException as problem:
            self.answer_failure(request, client, peer, problem)

    def _next(self, requests: Requests) -> HttpRequest | None:
        """The next request; None if its whole head takes too long, however it dribbles in."""
        with self._header_timeout():
            request: HttpRequest = next(requests)
            return request
        return None

    def _header_timeout(self) -> gevent.Timeout:
        """The block under it just ends when HEADER_TIMEOUT is over."""
        silently: Any = False  # gevent's types do not know it.
        return gevent.Timeout(self._limits.header_timeout, silently)

    def _linger(self, requests: Requests, client: ClientSocket) -> None:
        if client.fileno() < 0:
            return  # The application has taken it away.
        with self._header_timeout():
            requests.linger()

    def _turn_away(self, client: ClientSocket, peer: Any) -> None:
        """Answer at once and read no more than is there."""
        self.log.debug("Too many connections from %s", peer)
        client.settimeout(0.0)
        self._send(client, peer, TOO_MANY)
        with suppress(OSError):  # What is left unread would reset the connection, answer and all.
            client.recv(ONE_READ)
        _close(client)

    def _answer(self, request: HttpRequest, client: ClientSocket, peer: Any, listener: Any) -> bool:
        """Answer it; whether the connection goes on. OSError: given up."""
        if self._is_scarce or request.values("UPGRADE"):
            # Nobody keeps a slot while others wait. And what follows an upgrade that is refused
            # is no HTTP.
            request.make_last()
        limit = gevent.Timeout(self._limits.request_timeout)
        limit.start()
        self._requests += 1
        try:
            return self.answer(request, client, peer, listener)
        except gevent.Timeout as expired:
            if expired is not limit:
                raise
            self.log.warning("Gave up a request from %s after REQUEST_TIMEOUT", peer)
            raise ConnectionAbortedError from None
        finally:
            self._requests -= 1
            limit.close()

    def _send(self, client: ClientSocket, peer: Any, refused: Refused) -> None:
        try:
            client.sendall(as_http(refused))
        except OSError:
            self.log.debug("%s left before its answer", peer)


def _close(client: ClientSocket) -> None:
    with suppress(OSError):
        client.close()
