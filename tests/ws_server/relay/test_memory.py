"""What is remembered of clients: when Redis is told, and what of."""

from time import monotonic

import gevent
import pytest

from common.message import Mark
from common.store.places import MOST_MOVES, Known
from tests.support.parts import Parts, Peer, wait_until
from tests.support.places import GONE, FakePlaces
from tests.support.websocket import PING, PONG, frame
from ws_server.clients.connection import Connection
from ws_server.door.listen import Listen
from ws_server.relay import memory as module
from ws_server.relay.memory import MOST_COMMANDS, ROUND, ClientMemory

SECONDS = 1000.0


@pytest.fixture
def places() -> FakePlaces:
    return FakePlaces()


@pytest.fixture
def memory(parts: Parts, places: FakePlaces) -> ClientMemory:
    memory = ClientMemory(places, SECONDS)
    parts.hub.confirming.on_confirmed.append(memory.note)
    return memory


def enter(parts: Parts, memory: ClientMemory, name: str = "abc") -> tuple[Connection, Peer]:
    connection, peer = parts.connect(listen=Listen(client=name))
    memory.recall(name, parts.feed.mark)
    memory.enter(connection, is_set=False)
    return connection, peer


def confirm(parts: Parts, *connections: Connection) -> None:
    """Something is sent to them, and they answer the ping behind it."""
    parts.publish(b"x")
    parts.hub.confirming.begin_round()
    for connection in connections:
        parts.hub.confirming.take_pong(connection, str(parts.feed.mark).encode())


def leave(parts: Parts, memory: ClientMemory, connection: Connection) -> None:
    parts.hub.sender.drop(connection)
    memory.leave(connection)


def test_what_was_confirmed_is_written_once_a_second_in_one_command(
    parts: Parts, memory: ClientMemory, places: FakePlaces
) -> None:
    clients = [enter(parts, memory, f"c{n}")[0] for n in range(5)]
    memory.write(0)

    for now in (0.1, 0.5, 0.9):
        confirm(parts, *clients)
        memory.write(now)
    assert places.writes == []

    memory.write(ROUND)
    assert [len(moves) for moves in places.writes] == [5]
    assert set(places.known.values()) == {Known(parts.feed.mark, None)}
    memory.write(2 * ROUND)
    assert len(places.writes) == 1  # Nothing has moved.


def test_who_leaves_is_written_at_once_with_what_it_was_sent(
    parts: Parts, memory: ClientMemory, places: FakePlaces
) -> None:
    connection, _ = enter(parts, memory)
    confirm(parts, connection)
    confirmed = parts.feed.mark
    parts.publish(b"not confirmed")

    leave(parts, memory, connection)
    memory.write(0.01)

    assert places.known == {"abc": Known(confirmed, parts.feed.mark)}
    leave(parts, memory, connection)  # Harmless.


def test_who_comes_back_before_that_is_known_all_the_same(
    parts: Parts, memory: ClientMemory, places: FakePlaces
) -> None:
    connection, _ = enter(parts, memory)
    confirm(parts, connection)
    leave(parts, memory, connection)
    assert places.writes == []

    assert memory.recall("abc", parts.feed.mark) == Known(parts.feed.mark, parts.feed.mark)


def test_who_comes_back_before_its_end_was_noticed_is_where_it_had_confirmed(
    parts: Parts, memory: ClientMemory
) -> None:
    connection, _ = enter(parts, memory)
    confirm(parts, connection)

    assert memory.recall("abc", parts.feed.mark) == Known(parts.feed.mark, None)


def test_two_connections_of_a_client_share_what_either_has_confirmed(
    parts: Parts, memory: ClientMemory, places: FakePlaces
) -> None:
    (first, _), (second, _) = enter(parts, memory), enter(parts, memory)
    confirm(parts, second)
    confirmed = parts.feed.mark
    memory.write(0)
    leave(parts, memory, first)  # It had confirmed less.
    memory.write(0)

    assert places.known == {"abc": Known(confirmed, None)}  # The other is still here.
    leave(parts, memory, second)
    memory.write(0)
    assert places.known == {"abc": Known(confirmed, confirmed)}


def test_the_last_connection_to_leave_tells_what_any_of_them_was_sent(
    parts: Parts, memory: ClientMemory, places: FakePlaces
) -> None:
    (first, _), (second, _) = enter(parts, memory), enter(parts, memory)
    parts.publish(b"to both")
    second.close()  # It is sent nothing more.
    parts.publish(b"to the first")
    leave(parts, memory, first)
    leave(parts, memory, second)
    memory.write(0)

    assert places.known["abc"].sent == parts.feed.mark


def test_what_one_connection_has_confirmed_is_not_lost_as_another_leaves_while_redis_is_away(
    parts: Parts, memory: ClientMemory, places: FakePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_server.relay.memory.ROUND", 0.001)
    (first, _), (second, _) = enter(parts, memory), enter(parts, memory)
    confirm(parts, second)
    places.fault = GONE
    memory.write(0)
    leave(parts, memory, first)  # It had confirmed less.
    places.fault = None
    memory.write(0)

    assert places.known["abc"].mark == Mark(parts.feed.epoch, second.confirmed)


def test_a_place_that_does_not_hold_any_more_is_set(
    parts: Parts, memory: ClientMemory, places: FakePlaces
) -> None:
    later = Mark(parts.feed.epoch, 99 << 64)
    places.known["abc"] = Known(later, later)
    connection, _ = parts.connect(listen=Listen(client="abc"))

    memory.enter(connection, is_set=True)
    leave(parts, memory, connection)
    memory.write(0)

    assert places.known["abc"].mark == Mark(parts.feed.epoch, connection.confirmed)


def test_while_redis_is_away_nothing_is_forgotten(
    parts: Parts,
    memory: ClientMemory,
    places: FakePlaces,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("ws_server.relay.memory.ROUND", 0.001)
    (stays, _), (goes, _) = enter(parts, memory, "stays"), enter(parts, memory, "goes")
    confirm(parts, stays, goes)
    places.fault = GONE
    leave(parts, memory, goes)
    for now in range(3):
        memory.write(now)
    places.fault = None

    memory.write(9)

    assert places.known == {
        "stays": Known(parts.feed.mark, None),
        "goes": Known(parts.feed.mark, parts.feed.mark),
    }
    assert len([each for each in caplog.records if "not written" in each.message]) == 1


def test_what_moves_during_a_write_is_written_afterwards(
    parts: Parts, memory: ClientMemory, places: FakePlaces
) -> None:
    connection, _ = enter(parts, memory)
    confirm(parts, connection)
    places.during_write = lambda: leave(parts, memory, connection)

    memory.write(0)

    assert places.known == {"abc": Known(parts.feed.mark, parts.feed.mark)}
    assert len(places.writes) == 2


def test_a_round_is_bounded_and_the_rest_is_written_in_the_next(
    parts: Parts, memory: ClientMemory, places: FakePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_server.relay.memory.MOST_MOVES", 3)
    monkeypatch.setattr("ws_server.relay.memory.MOST_COMMANDS", 2)
    clients = [enter(parts, memory, f"c{n}")[0] for n in range(10)]
    confirm(parts, *clients)

    memory.write(0)
    assert [len(moves) for moves in places.writes] == [3, 3]
    memory.write(ROUND)
    assert sum(len(moves) for moves in places.writes) == 10
    assert MOST_MOVES * MOST_COMMANDS == 10_000


def test_who_stays_is_heard_of_although_nothing_comes_for_it(
    parts: Parts, memory: ClientMemory, places: FakePlaces
) -> None:
    enter(parts, memory)

    memory.write(monotonic() + SECONDS / 2)

    assert len(places.writes) == 1


def test_a_stream_that_leaves_while_others_are_noted_is_noted_as_gone(
    parts: Parts, memory: ClientMemory, places: FakePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_server.relay.streams.AT_ONCE", 2)
    clients = []
    for name in ("goes", "stays"):
        stream, client = parts.connect(listen=Listen(events=True, client=name))
        memory.enter(stream)
        clients.append(client)
    parts.publish(b"one")
    for client in clients:
        client.socket.recv(1 << 16)
    memory.write(0)
    gevent.spawn(leave, parts, memory, parts.hub.connections[0])

    memory.write(ROUND)

    assert places.known == {
        "goes": Known(parts.feed.mark, parts.feed.mark),
        "stays": Known(parts.feed.mark, None),
    }


def test_after_a_loss_redis_is_told_of_all_who_are_here(
    parts: Parts, memory: ClientMemory, places: FakePlaces
) -> None:
    """With the messages, it may have lost these."""
    enter(parts, memory)
    memory.write(0)
    memory.write(ROUND)
    places.writes.clear()
    parts.log.lose(0)
    parts.hub.rewind(Mark(parts.log.epoch, 0), kept=0)

    memory.write(2 * ROUND)
    memory.write(3 * ROUND)

    assert [[move.name for move in moves] for moves in places.writes] == [["abc"]]


def test_a_stop_writes_all_that_is_known(
    parts: Parts, memory: ClientMemory, places: FakePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_server.relay.memory.MOST_MOVES", 3)
    clients = [enter(parts, memory, f"c{n}")[0] for n in range(10)]
    confirm(parts, *clients)
    for connection in clients[:5]:
        leave(parts, memory, connection)

    memory.stop(1)

    assert [known.mark for known in places.known.values()] == [parts.feed.mark] * 10


def test_a_stop_does_not_wait_for_a_redis_that_is_silent(
    parts: Parts, memory: ClientMemory, places: FakePlaces
) -> None:
    connection, _ = enter(parts, memory)
    leave(parts, memory, connection)
    places.during_write = lambda: gevent.sleep(60)
    began = monotonic()

    memory.stop(0.05)

    assert monotonic() - began < 10


def test_it_tells_redis_by_itself(parts: Parts, memory: ClientMemory, places: FakePlaces) -> None:
    gevent.spawn(memory.run)
    connection, client = enter(parts, memory)
    parts.publish(b"one")
    client.texts(1)
    opcode, payload = client.frame()
    assert opcode == PING
    parts.receiver().feed(connection, frame(PONG, payload))

    leave(parts, memory, connection)

    wait_until(lambda: places.known["abc"].sent == parts.feed.mark, "written")
    assert places.known["abc"].mark == parts.feed.mark


def test_while_redis_is_away_a_bounded_number_waits(
    parts: Parts, memory: ClientMemory, places: FakePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_CLIENTS", 2)
    clients = [enter(parts, memory, name)[0] for name in "abcb"]
    places.fault = GONE
    for connection in clients:
        leave(parts, memory, connection)
    places.fault = None
    memory.stop(1)

    assert [[move.name for move in moves] for moves in places.writes] == [["b", "c"]]
