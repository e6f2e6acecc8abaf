"""gunicorn's gevent worker, with limits of our own.

A head and a request have a limited time each, an address a limited number of sockets, and
when there is no room, those who have kept a place for longest make some. A stop waits for
requests but for no idle connection. What cannot be read as HTTP is answered in the project's
JSON shape.
"""

import errno
import logging
import signal
from contextlib import suppress
from functools import partial
from time import monotonic
from types import FrameType
from typing import Any, NamedTuple

import gevent
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.http.errors import ParseException
from gunicorn.util import close
from gunicorn.workers.ggevent import GeventWorker

from common.serving.guests import Guest, queue_length, who_must_go
from common.serving.http_requests import Answer, Requests, refusal
from common.serving.peers import Peers

log = logging.getLogger(__name__)

ACCEPTS = 24  # Connections accepted between two turns of the event loop.
ALIVE_STEP = 0.2  # Seconds between two looks at whether to go on.
SCARCE_STEP = 0.05  # The same while there is no room.
DRAIN_STEP = 0.02
LAST_REQUESTS = 0.1  # Seconds for the requests of connections that were accepted last.
ONE_READ = 64 * 1024
OUT_OF_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ACCEPT_PAUSE = 0.1  # Seconds until a descriptor may be free.

TOO_MANY = Answer(
    429, "too_many_connections", "too many connections from one address", "Retry-After: 5\r\n"
)


class Address(NamedTuple):
    """All that gunicorn wants of a listener; it may be closed when the last requests are read."""

    name: Any

    def getsockname(self) -> Any:
        return self.name


class Door(StreamServer):
    """Accepts guests, as long as its pool has places."""

    _is_out_of_files = False

    def do_read(self) -> Any:
        """Who comes next, if anybody waits and there is a descriptor for it."""
        try:
            accepted = super().do_read()
        except OSError as problem:
            if problem.errno not in OUT_OF_FILES:
                raise
            self._pause(problem)
            return None
        self._is_out_of_files = False
        if accepted is None:
            return None
        plain, address = accepted
        return Guest(plain.family, plain.type, plain.proto, plain.detach()), address

    def _pause(self, problem: OSError) -> None:
        if not self._is_out_of_files:
            log.error("Accepting nobody for now: %s (ulimit -n)", problem.strerror)
        self._is_out_of_files = True
        self.stop_accepting()
        gevent.spawn_later(ACCEPT_PAUSE, self._resume)

    def _resume(self) -> None:
        if self.started:
            self.start_accepting()

    def accept_the_rest(self, most: int) -> None:
        """Whoever the kernel has let in already would be cut off without an answer.

        No place is waited for: at the stop, those who hold them may do so for long.
        """
        self.stop_accepting()
        end = monotonic() + LAST_REQUESTS  # At a reload there is no end of them: others listen.
        for _ in range(most):
            accepted = self.do_read() if monotonic() < end else None
            if accepted is None:
                return
            gevent.spawn(self.handle, *accepted)


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types.
    """Named in `common.serving.server`; gunicorn makes one per process."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._limits = self.app.settings
        self._peers = Peers(self._limits.connections_per_address, self._limits.trusted_proxies)
        self._guests: set[Guest] = set()
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
        doors = [self._open_door(listener) for listener in self.sockets]
        try:
            while self.alive:
                self.notify()  # Exits if the master is gone.
                self._look_for_room(doors)
                gevent.sleep(SCARCE_STEP if self._others_wait else ALIVE_STEP)
        finally:
            for door in doors:
                door.accept_the_rest(self.worker_connections)
                door.close()  # The port is free at once.
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

    def _open_door(self, listener: Any) -> Door:
        listener.setblocking(1)
        handle = partial(self.handle, Address(listener.getsockname()))
        door = Door(listener, handle=handle, spawn=Pool(self.worker_connections))
        door.max_accept = self._accepts_at_once()
        door.start()
        return door

    def _accepts_at_once(self) -> int:
        """gevent would accept 100, and whatever else there is to do would wait for them all."""
        # Where several workers listen, each leaves some for the others, unless there are enough.
        return 1 if self.cfg.workers > 1 and not self._others_wait else ACCEPTS

    def _look_for_room(self, doors: list[Door]) -> None:
        """While many wait and few places are left, nobody keeps one between two requests."""
        waiting = sum(queue_length(door.socket) for door in doors)
        is_full = any(door.full() for door in doors)
        self._others_wait = waiting > (0 if is_full else ACCEPTS)
        # Many who come at once and find room are no reason to close anybody's connection.
        self._is_scarce = self._others_wait and 2 * len(self._guests) > self.worker_connections
        for door in doors:
            door.max_accept = self._accepts_at_once()
        if is_full and waiting:
            for guest in who_must_go(self._guests, waiting, self.worker_connections, monotonic()):
                guest.cut()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection until its end."""
        peer = self._peers.enter(addr[0])
        if peer is None:
            self._turn_away(client, addr)
            return
        self._guests.add(client)
        try:
            self._serve(listener.getsockname(), client, addr)
        finally:
            self._guests.discard(client)
            self._peers.leave(peer)
            close(client)

    def _serve(self, listener_name: Any, client: Guest, addr: Any) -> None:
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

    def _is_last(self, listener_name: Any, request: Any, client: Guest, addr: Any) -> bool:
        """Answer a request; whether its connection is to end."""
        try:
            self.handle_request(listener_name, request, client, addr)
        except StopIteration:  # As gunicorn says it.
            return True
        return False

    def _linger(self, requests: Requests, client: Guest) -> None:
        if client.fileno() < 0:
            return  # The application has taken it away.
        with self._header_timeout():
            requests.linger()

    def _turn_away(self, client: Guest, addr: Any) -> None:
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
            # Nobody keeps a place while others wait. And what follows an upgrade that is refused
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
