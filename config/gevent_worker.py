"""gunicorn's gevent worker, with limits of our own.

A head and a request have a limited time each, an address a limited number of sockets, and
the silent make room when it is scarce. A stop waits for requests but for no idle connection.
HTTP that cannot be parsed is answered in the project's JSON shape.
"""

import json
import select
import signal
import socket
from contextlib import suppress
from functools import partial
from http.client import responses
from time import monotonic
from types import FrameType
from typing import Any, NamedTuple

import gevent
from gevent.monkey import get_original
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.workers.ggevent import GeventWorker

from config.peers import Peers

ACCEPTS = 24  # Connections accepted between two turns of the event loop.
ALIVE_STEP = 0.2  # Seconds between two looks at whether to go on.
DRAIN_STEP = 0.02
LAST_REQUESTS = 0.1  # Seconds for the requests of connections that were accepted last.
PATIENCE = 1.0  # Seconds of silence that nobody is blamed for, even if there is no room left.
ONE_READ = 64 * 1024


class Answer(NamedTuple):
    """What a client is told whose bytes are no request, or are not read at all."""

    status: int
    error: str
    reason: str
    header: str = ""


class Address(NamedTuple):
    """All that gunicorn wants of a listener; it may be closed when the last requests are read."""

    name: Any

    def getsockname(self) -> Any:
        return self.name


LONG_LINE = Answer(
    414, "uri_too_long", "the request line is too long; send large content in a POST body"
)
LONG_HEADERS = Answer(431, "headers_too_large", "the headers are too many or too long")
NO_HTTP = Answer(400, "bad_request", "the request is not valid HTTP")
TOO_MANY = Answer(
    429, "too_many_connections", "too many connections from one address", "Retry-After: 5\r\n"
)


def _takes_more(client: Any) -> bool:
    """Whether its socket has room: who waits for us has not filled it."""
    if client.fileno() < 0:
        return True  # Handed over: whoever has it is not to be disturbed.
    poll = get_original("select", "poll")()
    poll.register(client.fileno(), select.POLLOUT)
    return bool(poll.poll(0))


def _shut(client: Any, how: int) -> None:
    with suppress(OSError), client.dup() as twin:
        twin.shutdown(how)


def _accept_the_rest(server: StreamServer) -> None:
    """Whoever the kernel has let in already would be cut off without an answer."""
    server.stop_accepting()
    end = monotonic() + LAST_REQUESTS  # At a reload there is no end of them: others listen, too.
    while monotonic() < end and (accepted := server.do_read()) is not None:
        server.do_handle(*accepted)


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types.
    """Named in `config.server`; gunicorn makes one per process."""

    _requests = 0  # Under way.

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._limits = self.app.settings
        self._peers = Peers(self._limits.connections_per_address, self._limits.trusted_proxies)
        # Whose next head has not arrived, and since when; the longest first.
        self._silent: dict[Any, float] = {}
        self._asked: dict[Any, float] = {}  # Whose request is under way, and since when.

    def init_process(self) -> None:
        # It looks up some 26 settings a request, each through `Config.__getattr__`.
        self.cfg.__dict__.update({name: entry.get() for name, entry in self.cfg.settings.items()})
        super().init_process()

    def init_signals(self) -> None:
        super().init_signals()
        # Ctrl-C reaches the whole group; the master turns it into a graceful stop.
        signal.signal(signal.SIGINT, self._leave_it_to_the_master)

    def _leave_it_to_the_master(self, _signal: int, _frame: FrameType | None) -> None:
        pass

    def run(self) -> None:
        """Serve until told to stop; then finish the requests under way, not idle connections."""
        servers = [self._start_server(listener) for listener in self.sockets]
        try:
            while self.alive:
                self.notify()  # Exits if the master is gone.
                if any(server.full() for server in servers):
                    self._make_room()
                gevent.sleep(ALIVE_STEP)
        finally:
            for server in servers:
                _accept_the_rest(server)
                server.close()  # The port is free at once.
        now = monotonic()
        # Whoever was let in last has not said yet what it wants.
        while monotonic() < now + LAST_REQUESTS or (
            self._requests and monotonic() < now + self._limits.stop_timeout
        ):
            self.notify()
            gevent.sleep(DRAIN_STEP)

    def _start_server(self, listener: Any) -> StreamServer:
        listener.setblocking(1)
        pool = Pool(self.worker_connections)
        handle = partial(self.handle, Address(listener.getsockname()))
        server = StreamServer(listener, handle=handle, spawn=pool)
        # gevent would accept 100 at once, and whatever else there is to do would wait for them all.
        server.max_accept = 1 if self.cfg.workers > 1 else ACCEPTS
        server.start()
        return server

    def _make_room(self) -> None:
        """All places are taken, and others wait: who is silent, or reads nothing, has to go."""
        end = monotonic() - PATIENCE
        for client, since in list(self._silent.items()):
            if since > end:
                break
            # It reads what has arrived, then an end, as if the client had left.
            _shut(client, socket.SHUT_RD)
        for client, since in list(self._asked.items()):
            if since <= end and not _takes_more(client):
                _shut(client, socket.SHUT_RDWR)

    def timeout_ctx(self) -> gevent.Timeout:
        """For a whole head: each byte that dribbles in does not begin it anew."""
        silently: Any = False  # gevent's types do not know it.
        return gevent.Timeout(self._limits.header_timeout, silently)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        peer = self._peers.enter(addr[0])
        if peer is None:
            self._turn_away(client, addr)
            return
        self._silent[client] = monotonic()
        try:
            super().handle(listener, client, addr)
        finally:
            self._silent.pop(client, None)
            self._peers.leave(peer)

    def _turn_away(self, client: Any, addr: Any) -> None:
        """Answer at once and read no more than is there; gevent closes it."""
        self.log.debug("Too many connections from %s", addr)
        client.settimeout(0.0)
        self._answer(client, addr, TOO_MANY)
        with suppress(OSError):  # What is left unread would reset the connection, answer and all.
            client.recv(ONE_READ)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        if any(name == "UPGRADE" for name, _ in req.headers):
            req.force_close()  # Refused, it ends here: what follows is no HTTP.
        limit = gevent.Timeout(self._limits.request_timeout)
        limit.start()
        self._requests += 1
        self._silent.pop(sock, None)
        self._asked[sock] = monotonic()
        try:
            answer = super().handle_request(listener_name, req, sock, addr)
            if sock.fileno() < 0:  # The application has taken it away: there is nothing to read.
                raise StopIteration
            return answer
        except gevent.Timeout as expired:
            if expired is not limit:
                raise
            self.log.warning("Gave up a request from %s after REQUEST_TIMEOUT", addr)
            raise StopIteration from None  # As gunicorn ends a connection.
        finally:
            self._requests -= 1
            self._asked.pop(sock, None)
            self._silent[sock] = monotonic()
            limit.close()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        if not isinstance(exc, ParseException):
            if hasattr(req, "uri"):
                req.uri = req.uri.partition("?")[0]  # It is logged; a query may hold a token.
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("Refused what %s sent as HTTP: %s", addr, type(exc).__name__)
        self._answer(client, addr, _answer(exc))

    def _answer(self, client: Any, addr: Any, answer: Answer) -> None:
        body = _compact({"code": -1, "error": answer.error, "msg": answer.reason})
        head = (
            f"HTTP/1.1 {answer.status} {responses[answer.status]}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{answer.header}\r\n"
        )
        try:
            client.sendall(head.encode() + body)
        except OSError:
            self.log.debug("%s left before its answer", addr)


def _compact(answer: dict[str, object]) -> bytes:
    """As Flask writes JSON."""
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


def _answer(exc: ParseException) -> Answer:
    if isinstance(exc, LimitRequestLine):
        return LONG_LINE
    return LONG_HEADERS if isinstance(exc, LimitRequestHeaders) else NO_HTTP
