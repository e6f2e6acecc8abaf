"""How clients are taken in, in which order, and whether there is room for one more."""

import gc
import json
from time import time

import gevent

from common.errors import QueueUnavailable
from common.revocation import JTI, Revocation
from tests.support.parts import Peers, let_others_run, wait_until
from tests.support.running import Running, stop, wait_for_redis
from tests.support.websocket import PING, PONG, TEXT, frame
from ws_server.clients.connection import Connection
from ws_server.door.grant import Grant
from ws_server.door.listen import DEFAULT, Listen
from ws_server.door.revoked import Revoked
from ws_server.wire.close_codes import EXPIRED, REVOKED, TRY_AGAIN

GONE = QueueUnavailable("gone")


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
    running.build(redis_timeout=60.0, stop_timeout=0.1)
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


def test_whose_token_was_revoked_while_it_waited_is_sent_away(running: Running) -> None:
    newcomers = running.build()
    newcomers.revoked = Revoked()
    newcomers.revoked.know([Revocation(JTI, "t1", 0, 1 << 40)])

    revoked, other = (running.connect(listen=Listen(grant=Grant(jti=jti))) for jti in ("t1", "t2"))

    assert revoked.close_code() == REVOKED.code
    assert other.has_nothing()


def test_a_client_is_closed_when_its_token_expires(running: Running) -> None:
    running.build(ping_interval=0.1)
    grant = Grant("42", expires=time() + 0.05)

    client = running.connect(listen=Listen(grant=grant, channels=grant.default))

    assert client.close_code() == EXPIRED.code


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


def test_those_who_are_let_in_and_those_who_are_not_are_counted(running: Running) -> None:
    newcomers = running.build()
    running.connect()
    newcomers.note_refused("unavailable")

    assert newcomers.hub.tally.accepts == {"accepted": 1, "unavailable": 1}
