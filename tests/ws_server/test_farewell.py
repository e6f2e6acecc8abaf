"""The stop: everybody is sent what is settled, and is told, in time.

A client here must answer the close by leaving, besides the stop.
"""

import gevent
import pytest
from gevent.event import Event

from common.errors import QueueUnavailable
from common.serving.stopping import Stop, always
from tests.support.parts import LIMIT, SMALL, let_others_run, numbered
from tests.support.running import Noting, Running, leaving, stop, wait_for_redis
from tests.support.websocket import CLOSE
from ws_server import farewell
from ws_server.clients.sender import Sender
from ws_server.door.listen import DEFAULT, Listen
from ws_server.hooks import Hooks
from ws_server.newcomers import Newcomers
from ws_server.presence import Presence
from ws_server.relay.relay import Relay
from ws_server.wire.close_codes import GOING_AWAY
from ws_server.worker import Worker

GONE = QueueUnavailable("gone")


def test_a_stop_takes_its_clients_out_of_presence(running: Running) -> None:
    running.build(stop_timeout=1.0)
    client = running.connect(listen=Listen(channels=frozenset(["a"])))
    running.presence.do_round(0)

    stopping = gevent.spawn(running.service.stop, GOING_AWAY, Stop())
    client.rest()
    client.socket.close()
    stopping.join()

    assert running.writer.has_left
    assert running.writer.channels == {}


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

    assert {client.get(timeout=60)[-1][1][:2] for client in clients} == {(1001).to_bytes(2)}
    assert took < 20


def test_a_stop_sends_what_is_settled_then_says_goodbye(running: Running) -> None:
    running.build(poll_interval=60.0)
    clients = [leaving(running.connect()) for _ in range(3)]
    contents = numbered(700)
    running.log.write(*contents)
    running.log.push(b"for others")

    took = stop(running)

    for client in clients:
        frames = client.get(timeout=60)
        assert [payload for _, payload in frames[:-1]] == contents
        assert frames[-1] == (CLOSE, (1001).to_bytes(2) + b"the server stops")
    assert list(running.log.queue) == [b"for others"]
    assert took < 20
    assert running.service.newcomers.refuses == "the server stops"
    assert not running.service.newcomers.is_ready


def test_a_stop_waits_for_whoever_is_behind_and_reads(running: Running) -> None:
    running.build(poll_interval=60.0)
    client = leaving(running.connect(send_buffer=SMALL))
    contents = numbered(700, size=100)
    running.log.write(*contents)

    stop(running)

    assert [payload for _, payload in client.get(timeout=60)[:-1]] == contents


def test_a_reload_tells_the_worker_and_clients_to_come_back(running: Running) -> None:
    running.build()
    client = leaving(running.connect())

    stop(running, reload=True)

    assert client.get(timeout=60)[-1][1][:2] == (1012).to_bytes(2)
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

    assert client.get(timeout=60)[-1][0] == CLOSE


def test_a_stop_does_not_wait_for_a_redis_that_hangs(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.build(stop_timeout=0.1, poll_interval=60.0)
    client = leaving(running.connect())
    monkeypatch.setattr(running.log, "read_after", lambda *_: Event().wait())

    assert stop(running) < 0.5
    assert client.get(timeout=60)[-1][0] == CLOSE


def test_a_worker_that_fails_at_a_reload_does_not_spoil_the_stop(running: Running) -> None:
    def fail(_: Worker) -> None:
        raise RuntimeError

    running.build(type("Failing", (Noting,), {"on_worker_reload": fail}))
    client = leaving(running.connect())

    stop(running, reload=True)

    assert client.get(timeout=60)[-1][0] == CLOSE


def test_a_worker_that_hangs_at_a_reload_does_not_delay_the_stop(running: Running) -> None:
    def hang(_: Worker) -> None:
        Event().wait()

    running.build(type("Hanging", (Noting,), {"on_worker_reload": hang}), stop_timeout=0.1)
    client = leaving(running.connect())

    with gevent.Timeout(1):
        stop(running, reload=True)
    assert client.get(timeout=60)[-1][0] == CLOSE


def test_whoever_is_cut_off_at_the_end_has_its_on_close_too(running: Running) -> None:
    """The process ends right after the stop: what is only spawned then never runs."""
    running.build(stop_timeout=0.1)
    running.connect()

    stop(running)

    assert "close" in running.worker.events


def test_the_steps_of_a_stop_are_taken_in_this_order(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    for owner, name in [
        (Newcomers, "refuse_from_now_on"),
        (Hooks, "reload"),
        (Relay, "stop"),
        (Sender, "close"),
        (Sender, "drop"),
        (Presence, "stop"),
        (Hooks, "wait_for_goodbyes"),
    ]:
        note_calls(monkeypatch, steps, owner, name)
    running.build(stop_timeout=0.2, poll_interval=60.0)
    for _ in range(2):
        running.connect()  # And neither of them answers the close.

    stop(running, reload=True)

    assert steps == [
        "refuse_from_now_on",
        "reload",
        "stop of Relay",
        *["close", "close"],
        *["close", "close"],  # Once more, for those who were behind the first time.
        *["drop", "drop"],
        "stop of Presence",
        "wait_for_goodbyes",
    ]


def note_calls(monkeypatch: pytest.MonkeyPatch, steps: list[str], owner: type, name: str) -> None:
    """Append to `steps` whenever a method is called."""
    method = getattr(owner, name)
    step = f"stop of {owner.__name__}" if name == "stop" else name

    def call(*given: object, **options: object) -> object:
        steps.append(step)
        return method(*given, **options)

    monkeypatch.setattr(owner, name, call)


def test_many_are_closed_in_slices_while_messages_are_still_sent(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farewell, "CLOSE_RATE", 40)  # Two in a slice.
    running.build()
    clients = [leaving(running.connect()) for _ in range(6)]
    stopping = gevent.spawn(stop, running)
    first = gevent.wait(clients, count=1, timeout=LIMIT)
    running.log.push(b"during the stop")

    stopping.join()

    assert first
    received = [[payload for _, payload in client.get(timeout=LIMIT)] for client in clients]
    assert b"during the stop" not in received[0]
    assert b"during the stop" in received[-1]


def test_a_stop_is_announced_and_clients_are_taken_meanwhile(running: Running) -> None:
    newcomers = running.build(drain_seconds=12.0)

    assert running.service.metrics.numbers.snapshot()["draining"] == {"": 0}
    assert running.service.announce_stop(Stop()) == 2.0  # A sixth of it, or 5 seconds.
    assert not newcomers.is_ready
    assert newcomers.refuses is None
    assert running.connect().has_nothing()
    assert running.service.metrics.numbers.snapshot()["draining"] == {"": 1}


@pytest.mark.parametrize(
    ("drain", "how", "notice"),
    [
        (0.0, Stop(), 0.0),
        (60.0, Stop(), 5.0),
        (60.0, Stop(reload=True), 0.0),
        (60.0, Stop(is_hurried=always), 0.0),
    ],
)
def test_the_time_between_the_word_and_the_stop(
    running: Running, drain: float, how: Stop, notice: float
) -> None:
    running.build(drain_seconds=drain)

    assert running.service.announce_stop(how) == notice


def test_clients_are_closed_over_the_time_for_it_and_get_what_is_pushed_meanwhile(
    running: Running,
) -> None:
    running.build(drain_seconds=0.6)
    json = Listen(format="json")
    resuming = [leaving(running.connect(listen=json)) for _ in range(3)]
    bare = [leaving(running.connect()) for _ in range(3)]
    stopping = gevent.spawn(stop, running)
    gevent.wait(bare, count=2, timeout=LIMIT)
    running.log.push(b"during the stop")

    took = stopping.get(timeout=LIMIT)

    contents = [[payload for _, payload in each.get(timeout=LIMIT)] for each in resuming]
    assert all(b"during the stop" in payloads[1] for payloads in contents)
    assert {payloads[-1][:2] for payloads in contents} == {(1001).to_bytes(2)}
    assert 0.4 < took < 20


def test_a_second_stop_does_not_wait_for_the_rest_of_the_time(running: Running) -> None:
    running.build(drain_seconds=60.0)
    clients = [leaving(running.connect()) for _ in range(10)]

    took = stop(running, is_hurried=always)

    assert {client.get(timeout=60)[-1][1][:2] for client in clients} == {(1001).to_bytes(2)}
    assert took < 20
