"""Who is remembered from when on, and what of."""

import json

import pytest

from common.message import Mark
from common.store.places import Known
from config.settings import Settings
from tests.support.parts import Parts, Peer, Peers, wait_until
from tests.support.places import FakePlaces
from tests.support.running import Running
from tests.support.websocket import PING, PONG, TEXT, frame
from ws_server.clients.beginning import Beginning
from ws_server.door.grant import Grant
from ws_server.door.listen import Listen
from ws_server.remembering import NOTHING, Remembered, Remembering
from ws_server.wire.close_codes import TRY_AGAIN
from ws_server.wire.gap_reasons import TOO_OLD

USER = Grant("42")


class Kept:
    """Where a service of this test remembers."""

    def __init__(self) -> None:
        self.clients, self.users = FakePlaces(), FakePlaces()


@pytest.fixture
def kept(running: Running, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """A service that remembers both."""
    monkeypatch.setattr("ws_server.clients.confirming.ROUND", 0.01)
    monkeypatch.setattr("ws_server.relay.memory.ROUND", 0.01)
    kept = Kept()
    running.remembered = Remembered(kept.clients, kept.users)
    running.build()
    return kept


def come(running: Running, **listen: object) -> Peer:
    return running.connect(listen=Listen(**listen))  # type: ignore[arg-type]


def leave(peer: Peer, places: FakePlaces, name: str) -> Known:
    wait_until(lambda: name in places.known, "it is known")
    peer.socket.close()
    wait_until(lambda: name in places.known and places.known[name].sent is not None, "it left")
    return places.known[name]


def answer(peer: Peer, count: int) -> list[bytes]:
    """Read so many texts, and answer the pings up to the one that follows them."""
    texts: list[bytes] = []
    while True:
        opcode, payload = peer.frame()
        if opcode != PING:
            texts.append(payload)
            continue
        peer.send(frame(PONG, payload))
        if len(texts) >= count:
            return texts


def head(running: Running) -> Mark:
    return Mark(running.log.epoch, running.log.last_id())


def test_a_client_goes_on_where_it_was(running: Running, kept: Kept) -> None:
    client = come(running, client="abc")
    wait_until(lambda: "abc" in kept.clients.known, "known")
    running.log.push(b"one")
    assert answer(client, 1) == [b"one"]
    wait_until(lambda: kept.clients.known["abc"].mark == head(running), "confirmed")
    assert leave(client, kept.clients, "abc") == Known(head(running), head(running))

    running.log.push(b"two", b"three")
    assert come(running, client="abc").texts(2) == [b"two", b"three"]


def test_what_is_pushed_to_a_user_who_is_away_waits_for_the_next_connection(
    running: Running, kept: Kept
) -> None:
    own = USER.own
    first = come(running, grant=USER, channels=own)
    leave(first, kept.users, "42")
    running.log.push(b"for all", b"one", b"two", recipients=[(), ("user:42",), ("user:42",)])
    with_welcome = come(running)  # So that it is settled now.
    wait_until(lambda: running.log.last_id() > 0, "settled")
    with_welcome.socket.close()

    again = come(running, format="json", grant=USER, channels=own)
    welcome, *rows, cursor = map(json.loads, answer(again, 4))
    assert cursor["id"] == str(head(running))
    assert [row["content"] for row in rows] == ["one", "two"]
    assert welcome["again"] == 0
    answer(again, 0)  # The ping behind the cursor asks for nothing.

    wait_until(lambda: kept.users.known["42"].mark == head(running), "confirmed")
    assert leave(again, kept.users, "42").mark == head(running)
    third = come(running, format="json", grant=USER, channels=own)
    assert json.loads(third.texts(1)[0])["type"] == "welcome"  # Nothing waits any more.
    running.log.push(b"new")
    assert json.loads(third.texts(1)[0])["content"] == "new"


def test_what_waited_and_was_not_confirmed_waits_again(running: Running, kept: Kept) -> None:
    leave(come(running, grant=USER), kept.users, "42")
    place = kept.users.known["42"].mark
    running.log.push(b"one", recipients=[("user:42",)])
    wait_until(lambda: running.log.last_id() > 0, "settled")

    for _ in range(2):
        silent = come(running, grant=USER, channels=USER.own)
        assert silent.texts(1) == [b"one"]
        kept.users.known["42"] = Known(place, None)
        assert leave(silent, kept.users, "42").mark == place


def test_who_confirms_by_command_is_asked_what_it_has_handled_of_what_waited(
    running: Running, kept: Kept
) -> None:
    leave(come(running, grant=USER), kept.users, "42")
    running.log.push(b"one", recipients=[("user:42",)])
    wait_until(lambda: running.log.last_id() > 0, "settled")

    page = come(running, format="json", confirms=True, grant=USER, channels=USER.own)
    *_, cursor, asked = map(json.loads, page.texts(4))
    assert (cursor["type"], asked) == ("cursor", {"type": "confirm"})
    page.send(frame(TEXT, json.dumps({"confirm": cursor["id"]}).encode()))

    wait_until(lambda: kept.users.known["42"].mark == head(running), "confirmed")


def test_a_stream_of_events_has_what_it_was_sent(running: Running, kept: Kept) -> None:
    stream = come(running, grant=USER, channels=USER.own, events=True)
    running.log.push(b"one", recipients=[("user:42",)])
    wait_until(lambda: b"one" in stream.socket.recv(1 << 16), "it came")

    wait_until(lambda: kept.users.known["42"].mark == head(running), "noted while it is there")
    assert leave(stream, kept.users, "42").mark == head(running)


def test_a_stream_that_is_cut_off_in_what_waited_gets_it_again(
    running: Running, kept: Kept
) -> None:
    leave(come(running, grant=USER), kept.users, "42")
    contents = [str(number).encode() * 50_000 for number in range(8)]
    running.log.push(*contents, recipients=[("user:42",)] * 8)
    wait_until(lambda: running.log.last_id() > 0, "settled")
    place = kept.users.known["42"].mark

    stream = come(running, grant=USER, channels=USER.own, events=True)
    assert stream.take(50_000)
    kept.users.known["42"] = Known(place, None)
    assert leave(stream, kept.users, "42").mark == place

    again = come(running, grant=USER, channels=USER.own)
    assert again.texts(8) == contents


def test_who_is_refused_is_not_remembered(parts: Parts) -> None:
    places = FakePlaces()
    remembering = Remembering(Remembered(places, places), Settings(), parts.log, parts.hub)
    connection, _ = parts.connect()
    listen = Listen(client="abc", grant=USER)

    remembering.enter(connection, listen, Beginning(refused=TRY_AGAIN))
    remembering.leave(connection)
    remembering.stop(1)

    assert places.writes == []


@pytest.fixture
def remembering(parts: Parts) -> Remembering:
    return Remembering(Remembered(FakePlaces(), FakePlaces()), Settings(), parts.log, parts.hub)


def test_who_is_closed_before_it_is_sent_anything_moves_nothing_of_its_user(parts: Parts) -> None:
    places = FakePlaces()
    remembering = Remembering(Remembered(users=places), Settings(), parts.log, parts.hub)
    listen = Listen(last_id="e1-1-0", grant=USER, channels=USER.own)
    untold = Beginning(asked="e1-1-0", missing=TOO_OLD)
    connection, _ = parts.connect(listen=listen, beginning=untold)  # Closed with 4008.

    remembering.enter(connection, listen, untold)
    parts.hub.sender.drop(connection)
    remembering.leave(connection)
    remembering.stop(1)

    assert places.writes == []


def test_who_has_left_before_it_is_entered_is_asked_nothing(
    parts: Parts, peers: Peers, remembering: Remembering
) -> None:
    fd, peer = peers.make()
    peer.socket.close()
    listen = Listen(format="json", grant=USER, channels=USER.own)
    connection = parts.hub.join(fd, parts.receiver().read, listen)
    assert parts.gone == [connection]

    remembering.enter(connection, listen, Beginning())

    assert not parts.hub.confirming.wants(connection)


@pytest.mark.parametrize(
    "listen", [Listen(grant=USER, last_id="e1-0-0"), Listen(grant=USER, client="abc")]
)
def test_a_user_who_says_where_it_is_is_known_while_it_is_there(
    parts: Parts, listen: Listen
) -> None:
    places = FakePlaces()
    kept = Remembered(FakePlaces(), places)
    settings = Settings(client_seconds=1000, inbox_seconds=1000)
    remembering = Remembering(kept, settings, parts.log, parts.hub)
    connection, _ = parts.connect(listen=listen)

    remembering.enter(connection, listen, Beginning(asked="e1-0-0"))
    remembering.stop(1)  # It writes what is due.

    assert places.known == {"42": Known(parts.feed.mark, None)}


def test_a_gap_that_was_told_and_not_confirmed_is_told_again(running: Running, kept: Kept) -> None:
    kept.clients.known["abc"] = Known(Mark("e0", 1), None)
    for _ in range(2):
        silent = come(running, format="json", client="abc")
        assert b'"gap"' in silent.texts(1)[0]
        leave(silent, kept.clients, "abc")

    page = come(running, format="json", client="abc")
    gap, welcome = answer(page, 2)
    assert (b'"gap"' in gap, b'"welcome"' in welcome) == (True, True)
    wait_until(lambda: kept.clients.known["abc"].mark == head(running), "confirmed")
    page.socket.close()


def test_without_a_place_to_keep_it_nothing_is_remembered(parts: Parts) -> None:
    remembering = Remembering(NOTHING, Settings(), parts.log, parts.hub)
    connection, _ = parts.connect()

    remembering.start()
    remembering.enter(connection, Listen(client="abc", grant=USER), Beginning())
    remembering.leave(connection)
    remembering.stop(1)

    assert not parts.hub.confirming.wants(connection)
