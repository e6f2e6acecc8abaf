"""gunicorn's gevent worker, with limits of our own.

A head and a request have a limited time each, an address a limited number of sockets, and
when there is no room, those who have kept a slot for longest make some. A stop waits for
requests but for no idle connection. What cannot be read as HTTP is answered in the project's
JSON shape.
"""

import logging
import signal
from contextlib import suppress
from functools import partial
from time import monotonic
from types import FrameType
from typing import Any

import gevent
from gevent.pool import Pool
from gunicorn.http.errors import ParseException
from gunicorn.util import close
from gunicorn.workers.ggevent import GeventWorker

from common.serving.acceptor import LAST_REQUESTS, Acceptor, Listening
from common.serving.address_limit import AddressLimit
from common.serving.client_sockets import ClientSocket, queue_length, sockets_to_cut
from common.serving.http_requests import Answer, Requests, refusal

log = logging.getLogger(__name__)

ACCEPTS = 24  # Connections accepted between two turns of the event loop.
ALIVE_STEP = 0.2  # Seconds between two looks at whether to go on.
SCARCE_STEP = 0.05  # The same while there is no room.
DRAIN_STEP = 0.02
ONE_READ = 64 * 1024

TOO_MANY = Answer(
    429, "too_many_connections", "too many connections from one address", "Retry-After: 5\r\n"
)


class GunicornWorker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types.
    """Named in `common.serving.server`; gunicorn makes one per process."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._limits = self.app.settings
        self._address_limit = AddressLimit(
            self._limits.connections_per_address, self._limits.trusted_proxies
        )
        self._clients: set[ClientSocket] = set()
        self._requests = 0  # Under way.
        self._others_wait = False  # To be accepted, more than are at once.
        self._is_scarce = False  # Room is, for them.

    def init_process(self) -> None:
        # It looks up some 26 settings a request, each through `Config.__getattr__`.
        self.cfg.__dict__.update({name: entry.get() for name, entry in self.cfg.settings.items()})
        super().init_process()

    def init_signals(self) -> None:
        super().init_signals()
        # Both reach the whole group; the master turns Ctrl-C into a graceful stop, and a terminal
        # that is closed into a reload, unless it was told at its start to ignore it.
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._leave_it_to_the_master)

    def _leave_it_to_the_master(self, _signal: int, _frame: FrameType | None) -> None:
        pass

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
                acceptor.accept_the_rest(self.worker_connections)
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
        handle = partial(self.handle, Listening(listener.getsockname()))
        acceptor = Acceptor(listener, handle=handle, spawn=Pool(self.worker_connections))
        acceptor.max_accept = self._accepts_at_once()
        acceptor.start()
        return acceptor

    def _accepts_at_once(self) -> int:
        """gevent would accept 100, and whatever else there is to do would wait for them all."""
        # Where several workers listen, each leaves some for the others, unless there are enough.
        return 1 if self.cfg.workers > 1 and not self._others_wait else ACCEPTS

    def _look_for_room(self, acceptors: list[Acceptor]) -> None:
        """While many wait and few slots are left, nobody keeps one between two requests."""
        waiting = sum(queue_length(acceptor.socket) for acceptor in acceptors)
        is_full = any(acceptor.full() for acceptor in acceptors)
        self._others_wait = waiting > (0 if is_full else ACCEPTS)
        # Many who come at once and find room are no reason to close anybody's connection.
        self._is_scarce = self._others_wait and 2 * len(self._clients) > self.worker_connections
        for acceptor in acceptors:
            acceptor.max_accept = self._accepts_at_once()
        if is_full and waiting:
            for each in sockets_to_cut(
                self._clients, waiting, self.worker_connections, monotonic()
            ):
                each.cut()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection until its end."""
        counted = self._address_limit.enter(addr[0])
        if counted is None:
            self._turn_away(client, addr)
            return
        self._clients.add(client)
        try:
            self._serve(listener.getsockname(), client, addr)
        finally:
            self._clients.discard(client)
            self._address_limit.leave(counted)
            close(client)

    def _serve(self, listener_name: Any, client: ClientSocket, addr: Any) -> None:
        client.setblocking(True)
        request = None
        try:
            requests = Requests(self.cfg, client, addr)
            while request := self._next(requests):
                if self._is_last(listener_name, request, client, addr):
                    self._linger(requests, client)
                    return
                client.complete()
                client.give_way()
        except StopIteration:
            pass  # As gunicorn ends a connection.
        except OSError as problem:
            self.log.debug("%s has left: %s", addr, problem)
        except BaseException as problem:
            self.handle_error(request, client, addr, problem)

    def _next(self, requests: Requests) -> Any:
        """The next request; None if its whole head takes too long, however it dribbles in."""
        with self._header_timeout():
            return next(requests)
        return None

    def _header_timeout(self) -> gevent.Timeout:
        """The block under it just ends when HEADER_TIMEOUT is over."""
        silently: Any = False  # gevent's types do not know it.
        return gevent.Timeout(self._limits.header_timeout, silently)

    def _is_last(self, listener_name: Any, request: Any, client: ClientSocket, addr: Any) -> bool:
        """Answer a request; whether its connection is to end."""
        try:
            self.handle_request(listener_name, request, client, addr)
        except StopIteration:  # As gunicorn says it.
            return True
        return False

    def _linger(self, requests: Requests, client: ClientSocket) -> None:
        if client.fileno() < 0:
            return  # The application has taken it away.
        with self._header_timeout():
            requests.linger()

    def _turn_away(self, client: ClientSocket, addr: Any) -> None:
        """Answer at once and read no more than is there."""
        self.log.debug("Too many connections from %s", addr)
        client.settimeout(0.0)
        self._answer(client, addr, TOO_MANY)
        with suppress(OSError):  # What is left unread would reset the connection, answer and all.
            client.recv(ONE_READ)
        close(client)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """Answer it. StopIteration: it was the last one of its connection; OSError: given up."""
        if self._is_scarce or any(name == "UPGRADE" for name, _ in req.headers):
            # Nobody keeps a slot while others wait. And what follows an upgrade that is refused
            # is no HTTP.
            req.force_close()
        limit = gevent.Timeout(self._limits.request_timeout)
        limit.start()
        self._requests += 1
        try:
            answer = super().handle_request(listener_name, req, sock, addr)
            if sock.fileno() < 0:  # The application has taken it away: there is nothing to read.
                raise StopIteration
            return answer
        except gevent.Timeout as expired:
            if expired is not limit:
                raise
            self.log.warning("Gave up a request from %s after REQUEST_TIMEOUT", addr)
            raise ConnectionAbortedError from None
        finally:
            self._requests -= 1
            limit.close()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        if not isinstance(exc, ParseException):
            if hasattr(req, "uri"):
                req.uri = req.uri.partition("?")[0]  # It is logged; a query may hold a token.
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("Refused what %s sent as HTTP: %s", addr, type(exc).__name__)
        self._answer(client, addr, refusal(exc))

    def _answer(self, client: Any, addr: Any, answer: Answer) -> None:
        try:
            client.sendall(answer.encode())
        except OSError:
            self.log.debug("%s left before its answer", addr)
