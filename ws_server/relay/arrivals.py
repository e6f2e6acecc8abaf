"""Clients that Redis must be asked about before they can join: how many at a time, for how long.

Meanwhile each is a descriptor in a queue. It takes no slot of the web server, and no greenlet
before its turn. What it sends is kept by the kernel.
"""

import logging
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

import gevent

from common.errors import QueueUnavailable
from ws_server.clients.beginning import Beginning
from ws_server.clients.endpoint import Socket
from ws_server.door.listen import Listen
from ws_server.wire.close_codes import TRY_AGAIN, CloseCode

log = logging.getLogger(__name__)

MOST_ASKED = 8  # Questions at a time. Few: those that ask for much must not delay the relay.


@dataclass(frozen=True, slots=True)
class Arrival:
    """A socket whose handshake is done, with what was read from it too early."""

    fd: int
    early: bytes
    listen: Listen


class Arrivals:
    """First come, first served; a client that has waited `limit` seconds is to try again.

    `take_in` gets each arrival with its beginning, and must not wait.
    """

    def __init__(
        self,
        find: Callable[[Listen], Beginning],
        take_in: Callable[[Arrival, Beginning], None],
        limit: float,
    ) -> None:
        self._find = find
        self._take_in = take_in
        self._limit = limit
        self._queue: deque[tuple[float, Arrival]] = deque()  # Until when each may wait.
        self._asked = 0
        self._waiting: set[Any] = set()  # The greenlets that wait for Redis at this moment.
        self._farewell: CloseCode | None = None

    def add(self, arrival: Arrival) -> None:
        """Take it in as soon as its beginning is known; never waits."""
        self._queue.append((monotonic() + self._limit, arrival))
        self._ask_some()

    def stop(self, farewell: CloseCode) -> None:
        """Ask no more: clients that wait here, or still come, are told this."""
        self._farewell = farewell
        gevent.killall(list(self._waiting), QueueUnavailable("the server stops"), block=False)
        self._ask_some()

    def _ask_some(self) -> None:
        # At a stop nobody waits for a turn. Otherwise the oldest have theirs first. Their time ends
        # first, too: so there is a turn for each of the others before its own time ends.
        while self._queue and (self._asked < MOST_ASKED or self._farewell):
            self._asked += 1
            gevent.spawn(self._ask, *self._queue.popleft())

    def _ask(self, end: float, arrival: Arrival) -> None:
        try:
            beginning = self._find_beginning(end, arrival)
        finally:
            self._asked -= 1
            self._ask_some()
        self._take_in(arrival, beginning)

    def _find_beginning(self, end: float, arrival: Arrival) -> Beginning:
        left = end - monotonic()
        beginning = Beginning(refused=TRY_AGAIN)
        if self._farewell is None and left > 0 and not has_left(arrival.fd):
            asking = gevent.getcurrent()
            self._waiting.add(asking)
            try:
                with gevent.Timeout(left, QueueUnavailable("no answer in time")):
                    beginning = self._find(arrival.listen)
            except Exception:  # Whatever it is: the client must be told, or it would stay for ever.
                log.exception("A client is to try again: where it begins was not found")
            finally:
                self._waiting.discard(asking)
        return beginning if self._farewell is None else Beginning(refused=self._farewell)


def has_left(fd: int) -> bool:
    """Whether the client has ended its stream and everything that it has said is read."""
    peer = Socket(socket.AF_INET, socket.SOCK_STREAM, 0, fd)
    try:
        return not peer.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        peer.detach()
