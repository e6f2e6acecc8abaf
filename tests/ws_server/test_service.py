"""One process: who is taken in, which hooks are called, and the stop as a list of bounded steps."""

import gc
import json
from collections.abc import Iterator
from time import monotonic, time
from typing import Any

import gevent
import pytest
from gevent.event import Event

from common import loops
from common.errors import QueueUnavailable
from config.settings import Settings
from tests.support.fake_log import FakeLog
from tests.support.parts import SMALL, Peer, Peers, let_others_run, numbered, wait_until
from tests.support.presence import FakePresenceWriter
from tests.support.websocket import CLOSE, PING, PONG, TEXT, frame
from ws_server.clients.connection import Connection
from ws_server.door.grant import Grant
from ws_server.door.listen import DEFAULT, Listen
from ws_server.door.policy import OPEN, Policy
from ws_server.newcomers import Newcomers
from ws_server.presence import Presence
from ws_server.service import Service
from ws_server.wire.close_codes import EXPIRED, GOING_AWAY, RESTARTING, TRY_AGAIN
from ws_server.worker import Worker

GONE = QueueUnavailable("gone")


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
        self.service = Service(Settings(), self.log, self.presence, Noting)
        self.peers = peers

    def build(
        self, kind: type[Worker] = Noting, policy: Policy = OPEN, **settings: Any
    ) -> Newcomers:
        """Build it with other settings, and start it; what takes its clients in."""
        values = Settings(**{"poll_interval": 0.01, "message_prefix": "", **settings})
        self.service = Service(values, self.log, self.presence, kind, policy)
        self.service.start()
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


@pytest.fixture
def running(peers: Peers) -> Iterator[Running]:
    running = Running(peers)
    yield running
    peers.close()  # Whoever is left leaves.
    let_others_run()
    gevent.sleep(0.01)
    let_others_run()


def test_once_started_it_takes_clients_and_relays(running: Running) -> None:
    newcomers = running.build()
    assert newcomers.is_ready
    assert newcomers.refuses is None

    client = running.connect()
    running.log.push(b"hello")

    assert client.texts(1) == [b"hello"]


def test_without_redis_it_refuses_and_starts_as_soon_as_redis_answers(running: Running) -> None:
    running.log.fault = GONE
    newcomers = running.build()
    assert not newcomers.is_ready
    assert newcomers.refuses == "the server waits for Redis"
    assert running.worker.events == []

    running.log.fault = None
    wait_until(lambda: newcomers.is_ready, "ready")

    assert newcomers.refuses is None
    assert running.worker.events == ["start"]


class Forgetful(Worker):
    """Forgets `super()`."""

    def on_worker_start(self) -> None:
        self.every(1, lambda: None)


class ByItself(Worker):
    """Relays in a way of its own."""

    def on_worker_start(self) -> None:
        self.every(0.01, self.relay.tick)


def test_a_worker_that_does_not_call_super_is_warned_of(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    running.build(Forgetful)

    assert [record.getMessage() for record in caplog.records] == [
        "Forgetful.on_worker_start has not called super().on_worker_start(): "
        "no message reaches a client"
    ]


@pytest.mark.parametrize("kind", [Worker, Noting, ByItself])
@pytest.mark.parametrize("delivery", ["timer", "instant"])
def test_a_worker_that_relays_is_not(
    running: Running, kind: type[Worker], delivery: str, caplog: pytest.LogCaptureFixture
) -> None:
    running.build(kind, delivery=delivery)

    assert caplog.records == []


def test_a_failure_that_nobody_foresaw_does_not_end_the_wait_for_redis(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loops, "PAUSE", 0.001)
    running.log.fault = GONE
    newcomers = running.build()
    running.log.fault = RuntimeError("nobody foresaw it")
    wait_until(lambda: "Failed, and goes on: the end of the log" in caplog.text, "a failure")

    running.log.fault = None

    wait_until(lambda: newcomers.is_ready, "ready")
    assert running.worker.events == ["start"]


def test_an_outage_makes_it_not_ready_but_still_takes_clients(running: Running) -> None:
    newcomers = running.build()
    running.log.fault = GONE
    wait_until(lambda: not newcomers.is_ready, "not ready")

    assert newcomers.refuses is None


def test_more_clients_than_allowed_are_refused_until_one_leaves(running: Running) -> None:
    newcomers = running.build(max_connections=2)
    first, _ = running.connect(), running.connect()
    assert newcomers.refuses == "too many connections"

    first.socket.close()

    wait_until(lambda: newcomers.refuses is None, "room again")


def test_so_many_connections_are_taken_from_an_address_until_one_leaves(running: Running) -> None:
    newcomers = running.build(connections_per_address=2)
    from_there = Listen(address="10.0.0.1")
    first, _ = running.connect(listen=from_there), running.connect(listen=from_there)
    running.connect(listen=Listen(address="10.0.0.2"))
    assert newcomers.is_crowded("10.0.0.1")
    assert not newcomers.is_crowded("10.0.0.2")

    first.socket.close()

    wait_until(lambda: not newcomers.is_crowded("10.0.0.1"), "one has left")


def test_without_a_limit_no_address_is_crowded(running: Running) -> None:
    newcomers = running.build()
    running.connect(listen=Listen(address="10.0.0.1"))

    assert not newcomers.is_crowded("10.0.0.1")


def test_presence_has_who_is_there_and_what_each_listens_to(running: Running) -> None:
    running.build()
    grant = Grant("42", frozenset(["a", "b"]))
    client = running.connect(listen=Listen("json", channels=grant.default, grant=grant))
    running.connect(listen=Listen(channels=frozenset(["a"])))
    running.presence.do_round(0)
    assert running.writer.users == {"42": 1}
    assert running.writer.channels == {"a": {"42": 1, "": 1}, "b": {"42": 1}}

    client.texts(1)
    client.send(frame(TEXT, b'{"unsubscribe": ["a"]}'))
    client.texts(1)
    running.presence.do_round(1)
    assert running.writer.channels == {"a": {"": 1}, "b": {"42": 1}}

    client.socket.close()
    wait_until(lambda: running.worker.events.count("close") == 1, "gone")
    running.presence.do_round(2)
    assert running.writer.users == {}
    assert running.writer.channels == {"a": {"": 1}}


def test_a_client_that_is_gone_at_once_leaves_nothing_behind(running: Running) -> None:
    newcomers = running.build(connections_per_address=1)
    fd, peer = running.peers.make()
    peer.socket.close()
    grant = Grant("42", frozenset(["a"]), expires=time() + 60)

    newcomers.adopt(
        fd, b"", Listen("json", channels=grant.default, grant=grant, address="10.0.0.1")
    )
    running.presence.do_round(0)

    assert not newcomers.is_crowded("10.0.0.1")
    assert running.writer.users == {}


def wait_for_redis(running: Running) -> None:
    """From now on Redis does not answer who asks for the newest messages, or for an id."""
    running.log.newest = lambda _: Event().wait()  # type: ignore[assignment, method-assign, return-value]
    running.log.has = lambda _: Event().wait()  # type: ignore[assignment, method-assign]


def test_whoever_waits_for_redis_counts_and_leaves_nothing_behind(running: Running) -> None:
    newcomers = running.build(connections_per_address=1, max_connections=1, redis_timeout=0.05)
    wait_for_redis(running)
    grant = Grant("1", frozenset(["a"]))

    peer = running.connect(listen=Listen("json", False, None, 3, None, grant.default, grant, "::"))
    running.presence.do_round(0)
    assert newcomers.is_crowded("::")
    assert newcomers.refuses == "too many connections"
    assert running.writer.users == {"1": 1}

    assert peer.close_code() == TRY_AGAIN.code
    peer.socket.close()
    wait_until(lambda: newcomers.refuses is None, "gone")
    running.presence.do_round(1)
    assert not newcomers.is_crowded("::")
    assert running.writer.users == {}


def test_whoever_hangs_up_while_redis_is_asked_leaves_nothing_behind(running: Running) -> None:
    newcomers = running.build(max_connections=1, redis_timeout=0.05)
    wait_for_redis(running)

    running.connect(listen=Listen(last=3)).socket.close()

    wait_until(lambda: newcomers.refuses is None, "gone")
    assert running.worker.events == ["start"]


def test_whoever_has_an_id_of_late_does_not_wait_behind_others(running: Running) -> None:
    running.build(redis_timeout=60.0)
    first = running.connect(listen=Listen("json"))
    running.log.push(b"one", b"two")
    ids = [json.loads(text)["id"] for text in first.texts(3)]
    wait_for_redis(running)
    for _ in range(50):
        running.connect(listen=Listen("json", last_id=f"{ids[0]}9"))

    behind = running.connect(listen=Listen("json", last_id=ids[1]))
    at_head = running.connect(listen=Listen("json", last_id=ids[2]))

    assert [json.loads(text).get("content") for text in behind.texts(2)] == [None, "two"]
    assert json.loads(at_head.texts(1)[0])["complete"]
    stop(running)


def test_many_who_wait_for_redis_are_sent_away_in_time(running: Running) -> None:
    running.build(redis_timeout=0.05)
    wait_for_redis(running)

    clients = [running.connect(listen=Listen(last=3)) for _ in range(50)]

    assert {client.close_code() for client in clients} == {TRY_AGAIN.code}


def test_no_hook_is_called_for_who_is_refused_has_a_gap_or_has_left(running: Running) -> None:
    newcomers = running.build(redis_timeout=0.05, max_connections=1)
    running.connect().socket.close()
    running.connect(listen=Listen(last_id="of-another-log")).rest()
    wait_for_redis(running)
    running.connect(listen=Listen(last=3)).rest()
    running.connect(listen=Listen(last=3)).socket.close()
    running.peers.close()

    wait_until(lambda: newcomers.refuses is None, "all are gone")

    assert running.worker.events == ["start"]


@pytest.mark.parametrize("waits_for", ["redis", "the hook"])
def test_whoever_waits_is_told_of_a_stop_like_everybody(running: Running, waits_for: str) -> None:
    running.build(redis_timeout=60.0)
    wait_for_redis(running)
    running.worker.gate.clear()
    listen = Listen(last=3) if waits_for == "redis" else DEFAULT
    clients = [leaving(running.connect(listen=listen)) for _ in range(50)]
    let_others_run()

    took = stop(running)
    running.worker.gate.set()

    assert {client.get(timeout=5)[-1][1][:2] for client in clients} == {(1001).to_bytes(2)}
    assert took < 1


def test_whoever_leaves_at_the_greeting_is_not_waited_for_at_its_expiry(running: Running) -> None:
    newcomers = running.build()
    fd, peer = running.peers.make()
    peer.socket.close()
    grant = Grant("1", expires=time() + 1e6)

    def connections() -> int:
        gc.collect()
        return sum(isinstance(each, Connection) for each in gc.get_objects())

    before = connections()

    newcomers.adopt(fd, b"", Listen("json", grant=grant))
    let_others_run()

    assert connections() <= before


def test_a_client_is_closed_when_its_token_expires(running: Running) -> None:
    running.build(ping_interval=0.1)
    grant = Grant("42", expires=time() + 0.05)

    client = running.connect(listen=Listen(grant=grant, channels=grant.default))

    assert client.close_code() == EXPIRED.code


def test_a_stop_takes_its_clients_out_of_presence(running: Running) -> None:
    running.build(stop_timeout=1.0)
    client = running.connect(listen=Listen(channels=frozenset(["a"])))
    running.presence.do_round(0)

    stopping = gevent.spawn(running.service.stop, GOING_AWAY, reload=False)
    client.rest()
    client.socket.close()
    stopping.join()

    assert running.writer.has_left
    assert running.writer.channels == {}


def test_the_hooks_are_called_in_the_life_of_a_client(running: Running) -> None:
    running.build()
    client = running.connect()

    client.send(frame(TEXT, b"hello"))
    wait_until(lambda: "hello" in running.worker.events, "the message")
    client.socket.close()
    wait_until(lambda: "close" in running.worker.events, "the close")

    assert running.worker.events == ["start", "connect", "hello", "close"]


def test_what_came_with_the_handshake_is_read_first(running: Running) -> None:
    running.build()

    client = running.connect(frame(PING, b"early"))

    assert client.frame() == (PONG, b"early")


def test_nothing_overtakes_what_came_with_the_handshake(running: Running, peers: Peers) -> None:
    running.build()
    running.worker.gate.clear()
    fd, client = peers.make()
    whole = frame(TEXT, b"in two pieces")
    adopting = gevent.spawn(running.service.newcomers.adopt, fd, whole[:5], DEFAULT)
    wait_until(lambda: "connect" in running.worker.events, "on_connect")

    client.send(whole[5:])
    let_others_run()
    running.worker.gate.set()
    adopting.join()

    wait_until(lambda: len(running.worker.events) > 2, "the message")
    assert running.worker.events == ["start", "connect", "in two pieces"]


@pytest.mark.parametrize("hook", ["on_worker_start", "on_connect", "on_close"])
def test_a_hook_that_fails_is_reported_and_harms_nobody(running: Running, hook: str) -> None:
    problem = RuntimeError("the hook's own")

    def fail(*_: object) -> None:
        raise problem

    running.build(type("Failing", (Noting,), {hook: fail}))
    client = running.connect(frame(PING, b"?"))
    assert client.frame() == (PONG, b"?")
    client.socket.close()

    wait_until(lambda: problem in running.worker.events, "the report")


def test_a_worker_without_hooks_is_enough(running: Running) -> None:
    running.build(Worker)
    client = running.connect()

    client.send(frame(TEXT, b"ignored") + frame(PING, b"?"))

    assert client.frame() == (PONG, b"?")


# The stop. A client here must answer the close by leaving, beside the stop.


def stop(running: Running, *, reload: bool = False) -> float:
    """Stop it; how long that took."""
    began = monotonic()
    running.service.stop(RESTARTING if reload else GOING_AWAY, reload=reload)
    return monotonic() - began


def leaving(client: Peer) -> "gevent.Greenlet[Any, Any]":
    """All that the client gets; at the end of it, it leaves."""

    def read() -> list[tuple[int, bytes]]:
        frames = client.rest()
        client.socket.close()
        return frames

    return gevent.spawn(read)


def test_a_stop_sends_what_is_settled_then_says_goodbye(running: Running) -> None:
    running.build(poll_interval=60.0)
    clients = [leaving(running.connect()) for _ in range(3)]
    contents = numbered(700)
    running.log.write(*contents)
    running.log.push(b"for others")

    took = stop(running)

    for client in clients:
        frames = client.get(timeout=5)
        assert [payload for _, payload in frames[:-1]] == contents
        assert frames[-1] == (CLOSE, (1001).to_bytes(2) + b"the server stops")
    assert list(running.log.queue) == [b"for others"]
    assert took < 1
    assert running.service.newcomers.refuses == "the server stops"
    assert not running.service.newcomers.is_ready


def test_a_stop_waits_for_whoever_is_behind_and_reads(running: Running) -> None:
    running.build(poll_interval=60.0)
    client = leaving(running.connect(send_buffer=SMALL))
    contents = numbered(700, size=100)
    running.log.write(*contents)

    stop(running)

    assert [payload for _, payload in client.get(timeout=5)[:-1]] == contents


def test_a_reload_tells_the_worker_and_clients_to_come_back(running: Running) -> None:
    running.build()
    client = leaving(running.connect())

    stop(running, reload=True)

    assert client.get(timeout=5)[-1][1][:2] == (1012).to_bytes(2)
    assert "reload" in running.worker.events


@pytest.mark.parametrize("send_buffer", [None, SMALL])
def test_whoever_does_not_leave_is_cut_off_in_time(
    running: Running, send_buffer: int | None
) -> None:
    running.build(poll_interval=60.0, stop_timeout=0.1)
    client = running.connect(send_buffer=send_buffer)
    running.log.write(*numbered(500, size=100))

    assert stop(running) < 0.5
    client.rest()


def test_a_stop_without_redis_still_says_goodbye(running: Running) -> None:
    running.build()
    client = leaving(running.connect())
    running.log.fault = GONE

    stop(running)

    assert client.get(timeout=5)[-1][0] == CLOSE


def test_a_stop_does_not_wait_for_a_redis_that_hangs(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.build(stop_timeout=0.1, poll_interval=60.0)
    client = leaving(running.connect())
    monkeypatch.setattr(running.log, "read_after", lambda *_: Event().wait())

    assert stop(running) < 0.5
    assert client.get(timeout=5)[-1][0] == CLOSE


def test_a_worker_that_fails_at_a_reload_does_not_spoil_the_stop(running: Running) -> None:
    def fail(_: Worker) -> None:
        raise RuntimeError

    running.build(type("Failing", (Noting,), {"on_worker_reload": fail}))
    client = leaving(running.connect())

    stop(running, reload=True)

    assert client.get(timeout=5)[-1][0] == CLOSE


def test_a_worker_that_hangs_at_a_reload_does_not_delay_the_stop(running: Running) -> None:
    def hang(_: Worker) -> None:
        Event().wait()

    running.build(type("Hanging", (Noting,), {"on_worker_reload": hang}), stop_timeout=0.1)
    client = leaving(running.connect())

    with gevent.Timeout(1):
        stop(running, reload=True)
    assert client.get(timeout=5)[-1][0] == CLOSE


def test_whoever_is_cut_off_at_the_end_has_its_on_close_too(running: Running) -> None:
    """The process ends right after the stop: what is only spawned then never runs."""
    running.build(stop_timeout=0.1)
    running.connect()

    stop(running)

    assert "close" in running.worker.events
