"""Connections that gunicorn reads and the application answers, each in a greenlet of its own.

A head and a request have a limited time each. What cannot be read as HTTP is answered in the
project's JSON shape.
"""

from dataclasses import dataclass
from time import monotonic
from typing import Any

import gevent

from common.libraries.gunicorn_http import ParseException
from common.libraries.gunicorn_worker import WorkerProcess
from common.refused import Refused
from common.serving.client_sockets import ClientSocket
from common.serving.http_requests import HttpRequest, Requests, as_http, translated
from config.settings import Settings


@dataclass(frozen=True, slots=True)
class Handed:
    """A connection's address, as what it is counted, and what the door has had of it."""

    peer: Any
    counted: str
    early: bytes = b""
    deadline: float | None = None  # When the head must be whole.


class RequestLoop:
    """Of one worker: what all of its connections share."""

    def __init__(self, worker: WorkerProcess, limits: Settings) -> None:
        self._worker = worker
        self._limits = limits
        self.under_way = 0  # Requests.
        self.is_scarce = False  # Nobody keeps a slot between two requests.

    def serve(self, listener: Any, client: ClientSocket, handed: Handed) -> None:
        """Serve one until its end; `listener` is the address at which it came."""
        client.setblocking(True)
        request, peer, deadline = None, handed.peer, handed.deadline
        try:
            requests = Requests(self._worker.cfg, client, peer)
            if handed.early:
                requests.unread(handed.early)
            while request := self._next(requests, deadline):
                deadline = None
                if not self._answer(request, client, peer, listener):
                    self._linger(requests, client)
                    return
                client.complete()
                client.give_way()
        except StopIteration:
            pass  # There can be no more.
        except OSError as problem:
            self._worker.log.debug("%s has left: %s", peer, problem)
        except ParseException as problem:
            self._worker.log.warning(
                "Refused what %s sent as HTTP: %s", peer, type(problem).__name__
            )
            self.send(client, peer, translated(problem))
        except BaseException as problem:
            self._worker.answer_failure(request, client, peer, problem)

    def _next(self, requests: Requests, deadline: float | None) -> HttpRequest | None:
        """The next request; None if its whole head takes too long, however it dribbles in.

        `deadline` is given if its time has begun already.
        """
        left = None if deadline is None else max(0.0, deadline - monotonic())
        with self._header_timeout(left):
            request: HttpRequest = next(requests)
            return request
        return None

    def _header_timeout(self, left: float | None = None) -> gevent.Timeout:
        """The block under it just ends when HEADER_TIMEOUT, or what is left of it, is over."""
        silently: Any = False  # gevent's types do not know it.
        return gevent.Timeout(self._limits.header_timeout if left is None else left, silently)

    def _linger(self, requests: Requests, client: ClientSocket) -> None:
        if client.fileno() < 0:
            return  # The application has taken it away.
        with self._header_timeout():
            requests.linger()

    def _answer(self, request: HttpRequest, client: ClientSocket, peer: Any, listener: Any) -> bool:
        """Answer it; whether the connection goes on. OSError: given up."""
        if self.is_scarce or request.values("UPGRADE"):
            # Nobody keeps a slot while others wait. And what follows an upgrade that is refused
            # is no HTTP.
            request.make_last()
        limit = gevent.Timeout(self._limits.request_timeout)
        limit.start()
        self.under_way += 1
        try:
            return self._worker.answer(request, client, peer, listener)
        except gevent.Timeout as expired:
            if expired is not limit:
                raise
            self._worker.log.warning("Gave up a request from %s after REQUEST_TIMEOUT", peer)
            raise ConnectionAbortedError from None
        finally:
            self.under_way -= 1
            limit.close()

    def send(self, client: ClientSocket, peer: Any, refused: Refused) -> None:
        """Send it as an answer; harmless if the client has left."""
        try:
            client.sendall(as_http(refused))
        except OSError:
            self._worker.log.debug("%s left before its answer", peer)
