"""gunicorn's gevent worker, with limits of our own.

A request has a limited time, a stop waits for requests but for no idle connection,
and HTTP that cannot be parsed is answered in the project's JSON shape.
"""

import json
import signal
from functools import partial
from http.client import responses
from time import monotonic
from types import FrameType
from typing import Any, NamedTuple

import gevent
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.workers.ggevent import GeventWorker

ACCEPTS = 24  # Connections accepted between two turns of the event loop.
ALIVE_STEP = 0.2  # Seconds between two looks at whether to go on.
DRAIN_STEP = 0.02
LAST_REQUESTS = 0.1  # Seconds for the requests of connections that were accepted last.


class Answer(NamedTuple):
    """What a client is told whose bytes are no request."""

    status: int
    error: str
    reason: str


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


def _accept_the_rest(server: StreamServer) -> None:
    """Whoever the kernel has let in already would be cut off without an answer."""
    server.stop_accepting()
    end = monotonic() + LAST_REQUESTS  # At a reload there is no end of them: others listen, too.
    while monotonic() < end and (accepted := server.do_read()) is not None:
        server.do_handle(*accepted)


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types.
    """Named in `config.server`; gunicorn makes one per process."""

    _requests = 0  # Under way.

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
                gevent.sleep(ALIVE_STEP)
        finally:
            for server in servers:
                _accept_the_rest(server)
                server.close()  # The port is free at once.
        now = monotonic()
        # Whoever was let in last has not said yet what it wants.
        while monotonic() < now + LAST_REQUESTS or (
            self._requests and monotonic() < now + self.app.stop_timeout
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

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        if any(name == "UPGRADE" for name, _ in req.headers):
            req.force_close()  # Refused, it ends here: what follows is no HTTP.
        limit = gevent.Timeout(self.app.request_timeout)
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
            raise StopIteration from None  # As gunicorn ends a connection.
        finally:
            self._requests -= 1
            limit.close()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        if not isinstance(exc, ParseException):
            if hasattr(req, "uri"):
                req.uri = req.uri.partition("?")[0]  # It is logged; a query may hold a token.
            super().handle_error(req, client, addr, exc)
            return
        answer = _answer(exc)
        self.log.warning("Refused what %s sent as HTTP: %s", addr, type(exc).__name__)
        body = _compact({"code": -1, "error": answer.error, "msg": answer.reason})
        head = (
            f"HTTP/1.1 {answer.status} {responses[answer.status]}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
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
