"""gunicorn's gevent worker with two limits of our own.

A request has a limited time, and HTTP that cannot be parsed is answered in the
project's JSON shape. It adds no feature and serves no socket by itself.
"""

import json
import signal
from http.client import responses
from types import FrameType
from typing import Any, NamedTuple

import gevent
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.workers.ggevent import GeventWorker


class Answer(NamedTuple):
    """What a client is told whose bytes are no request."""

    status: int
    error: str
    reason: str


LONG_LINE = Answer(
    414, "uri_too_long", "the request line is too long; send large content in a POST body"
)
LONG_HEADERS = Answer(431, "headers_too_large", "the headers are too many or too long")
NO_HTTP = Answer(400, "bad_request", "the request is not valid HTTP")


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types.
    """Named in `config.server`; gunicorn makes one per process."""

    def init_signals(self) -> None:
        super().init_signals()
        # Ctrl-C reaches the whole group; the master turns it into a graceful stop.
        signal.signal(signal.SIGINT, self._leave_it_to_the_master)

    def _leave_it_to_the_master(self, _signal: int, _frame: FrameType | None) -> None:
        pass

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        if any(name == "UPGRADE" for name, _ in req.headers):
            req.force_close()  # Refused, it ends here: what follows is no HTTP.
        limit = gevent.Timeout(self.cfg.timeout)
        limit.start()
        try:
            return super().handle_request(listener_name, req, sock, addr)
        except gevent.Timeout as expired:
            if expired is not limit:
                raise
            self.log.warning("Gave up a request from %s after %d s", addr, self.cfg.timeout)
            raise StopIteration from None  # As gunicorn ends a connection.
        finally:
            limit.close()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        if not isinstance(exc, ParseException):
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
