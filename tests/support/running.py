"""A service in this process, on a log in memory, with a worker that notes what happens."""

from collections.abc import Callable
from time import monotonic
from typing import Any

import gevent
from gevent.event import Event

from common.serving.stopping import Stop, never
from config.settings import Settings
from tests.support.fake_log import FakeLog
from tests.support.parts import Peer, Peers
from tests.support.presence import FakePresenceWriter
from ws_server.clients.connection import Connection
from ws_server.door.listen import DEFAULT, Listen
from ws_server.door.policy import OPEN, Policy
from ws_server.newcomers import Newcomers
from ws_server.presence import Presence
from ws_server.remembering import NOTHING
from ws_server.service import Service
from ws_server.wire.close_codes import GOING_AWAY, RESTARTING
from ws_server.worker import Worker


class Noting(Worker):
    """Notes what happens, in `events`; `gate` lets `on_connect` return."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.events: list[object] = []
        self.gate = Event()
        self.gate.set()
        made.append(self)

    def on_worker_start(self) -> None:
        self.events.append("start")
        super().on_worker_start()

    def on_worker_reload(self) -> None:
        self.events.append("reload")

    def on_connect(self, connection: Connection) -> None:
        self.events.append("connect")
        self.gate.wait()

    def on_message(self, connection: Connection, data: str | bytes) -> None:
        self.events.append(data)

    def on_close(self, connection: Connection) -> None:
        self.events.append("close")

    def on_error(self, connection: Connection | None, error: Exception) -> None:
        self.events.append(error)


made: list[Noting] = []


class Running:
    """A service on a log in memory, its worker, and clients of it."""

    def __init__(self, peers: Peers) -> None:
        made.clear()
        self.log = FakeLog()
        self.writer = FakePresenceWriter()
        self.presence = Presence(self.writer)
        self.remembered = NOTHING
        self.service = Service(Settings(), self.log, self.presence, Noting)
        self.ready: list[bool] = []  # Once `on_ready` was called.
        self.peers = peers

    def build(
        self, kind: type[Worker] = Noting, policy: Policy = OPEN, **settings: Any
    ) -> Newcomers:
        """Build it with other settings, and start it; what takes its clients in."""
        values = Settings(**{"poll_interval": 0.01, "message_prefix": "", **settings})
        self.service = Service(values, self.log, self.presence, kind, policy, self.remembered)
        self.service.start(lambda: self.ready.append(self.service.newcomers.is_ready))
        return self.service.newcomers

    @property
    def worker(self) -> Noting:
        return made[-1]

    def connect(
        self, early: bytes = b"", send_buffer: int | None = None, listen: Listen = DEFAULT
    ) -> Peer:
        fd, peer = self.peers.make(send_buffer)
        self.service.newcomers.adopt(fd, early, listen)
        return peer


def wait_for_redis(running: Running) -> None:
    """From now on Redis does not answer who asks for the newest messages, or for an id."""
    running.log.newest = lambda _: Event().wait()  # type: ignore[assignment, method-assign, return-value]
    running.log.has = lambda _: Event().wait()  # type: ignore[assignment, method-assign]


def stop(
    running: Running, *, reload: bool = False, is_hurried: Callable[[], bool] = never
) -> float:
    """Stop it; how long that took."""
    began = monotonic()
    running.service.stop(RESTARTING if reload else GOING_AWAY, Stop(reload, is_hurried))
    return monotonic() - began


def leaving(client: Peer) -> "gevent.Greenlet[Any, Any]":
    """All that the client gets; at the end of it, it leaves."""

    def read() -> list[tuple[int, bytes]]:
        frames = client.rest()
        client.socket.close()
        return frames

    return gevent.spawn(read)
