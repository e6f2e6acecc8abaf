"""Pings that ride behind chunks, and what the pongs to them confirm."""

from collections.abc import Callable
from time import monotonic
from types import SimpleNamespace

import pytest

from common.message import Mark
from tests.support.parts import SMALL, Parts, Peer, Peers, numbered, wait_until
from tests.support.websocket import CLOSE, PING, PONG, TEXT, frame
from ws_server.clients import confirming as module
from ws_server.clients.confirming import TIMED_PONGS
from ws_server.clients.connection import Connection, State
from ws_server.clients.fan_out import LENT_TIMES
from ws_server.clients.lending import LENT_BYTES
from ws_server.door.listen import DEFAULT, Listen
from ws_server.wire.close_codes import GOING_AWAY

Join = Callable[..., tuple[Connection, Peer]]
Told = list[tuple[Connection, int, int]]


@pytest.fixture
def told(parts: Parts) -> Told:
    """What `on_confirmed` is told."""
    told: Told = []
    parts.hub.confirming.on_confirmed.append(lambda *args: told.append(args))
    return told


@pytest.fixture
def join(parts: Parts, peers: Peers) -> Join:
    """A client whose answers are read."""
    receiver = parts.receiver()

    def join(listen: Listen = DEFAULT, send_buffer: int | None = None) -> tuple[Connection, Peer]:
        fd, peer = peers.make(send_buffer)
        return parts.hub.join(fd, receiver.read, listen), peer

    return join


def want(parts: Parts) -> None:
    parts.hub.confirming.want_until(monotonic() + 60)


def mark(parts: Parts, id_: int | None = None) -> bytes:
    """The head of the log, or a place in it, as a ping says it."""
    return str(Mark(parts.feed.epoch, parts.feed.head if id_ is None else id_)).encode()


def answer(client: Peer) -> bytes:
    """Answer the ping that comes next."""
    opcode, payload = client.frame()
    assert opcode == PING
    client.send(frame(PONG, payload))
    return payload


def confirmed(connection: Connection, upto: int) -> None:
    wait_until(lambda: connection.confirmed == upto, "confirmed")


def test_nobody_is_pinged_while_nobody_wants_it(parts: Parts, join: Join) -> None:
    _, client = join()

    parts.publish(b"one")
    parts.hub.confirming.begin_round()

    assert client.texts(1) == [b"one"]
    assert client.has_nothing()


def test_a_ping_rides_behind_a_chunk_in_one_write_and_its_pong_confirms_the_chunk(
    parts: Parts, join: Join, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, client = join()
    began = connection.confirmed
    writes: list[bytes] = []
    put = connection.put

    def put_and_note(data: bytes) -> int:
        writes.append(data)
        return put(data)

    monkeypatch.setattr(connection, "put", put_and_note)
    want(parts)

    parts.publish(b"one", b"two")

    assert client.frames(2) == [(TEXT, b"one"), (TEXT, b"two")]
    assert answer(client) == mark(parts)
    confirmed(connection, parts.feed.head)
    assert told == [(connection, began, parts.feed.head)]
    assert len(writes) == 1
    assert connection.reader is None  # No parser was made for it.


def test_a_client_is_pinged_once_in_a_round_and_at_its_end_if_more_was_sent(
    parts: Parts, join: Join
) -> None:
    connection, client = join()
    want(parts)
    parts.publish(b"one")
    assert (client.texts(1), answer(client)) == ([b"one"], mark(parts))

    parts.publish(b"two")
    assert client.texts(1) == [b"two"]
    assert client.has_nothing()

    parts.hub.confirming.begin_round()
    assert answer(client) == mark(parts)
    confirmed(connection, parts.feed.head)
    parts.publish(b"three")  # It has been pinged in this round.
    assert client.texts(1) == [b"three"]
    assert client.has_nothing()
    parts.hub.confirming.begin_round()
    parts.hub.confirming.begin_round()  # Nothing new.
    assert client.frame() == (PING, mark(parts))
    assert client.has_nothing()


def test_where_messages_flow_no_ping_has_a_write_of_its_own(
    parts: Parts, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new round waits a moment for a chunk, behind which its ping rides."""
    (_, quiet), (_, busy) = join(), join(Listen(channels=frozenset(["a"])))
    want(parts)
    for content in (b"one", b"two"):
        parts.publish(content)
    quiet.frames(3)
    busy.frames(3)

    def publish_for_a(_: float) -> None:
        for content in (b"three", b"four"):
            parts.hub.publish(parts.log.write(content, recipients=[("a",)]))

    meanwhile = SimpleNamespace(sleep=publish_for_a)
    monkeypatch.setattr("ws_server.clients.confirming.gevent", meanwhile)
    parts.hub.confirming.begin_round(0.2)

    frames = busy.frames(3)
    assert [payload for opcode, payload in frames if opcode == TEXT] == [b"three", b"four"]
    assert frames[1] == (PING, mark(parts, parts.feed.head - (1 << 64)))
    assert busy.has_nothing()
    assert quiet.frame()[0] == PING  # Nothing came for it.


def test_a_round_is_longer_the_more_are_asked_up_to_a_limit(
    parts: Parts, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PONGS", 2)
    clients = [join()[0] for _ in range(10)]
    join(Listen("json-events"))  # It is never asked.
    for asked, seconds in ((0, 1.0), (2, 1.0), (3, 1.5), (9, 2.0)):
        for client in clients[:asked]:
            parts.hub.confirming.want_from(client)
        assert parts.hub.confirming.round_seconds() == seconds

    for client in clients[1:]:
        parts.hub.sender.drop(client)
    assert parts.hub.confirming.round_seconds() == 1.0
    want(parts)
    for _ in range(2):
        join()
    assert parts.hub.confirming.round_seconds() == 1.5


def test_what_was_sent_before_the_wish_ended_is_asked_for(parts: Parts, join: Join) -> None:
    _, client = join()
    parts.publish(b"one")

    parts.hub.confirming.want_until(monotonic())
    parts.hub.confirming.begin_round()

    assert client.texts(1) == [b"one"]
    assert answer(client) == mark(parts)


def test_a_single_client_may_be_asked_alone(parts: Parts, join: Join, told: Told) -> None:
    (asked, client), (_, other) = join(), join()
    parts.hub.confirming.want_from(asked)

    parts.publish(b"one")

    assert (client.texts(1), answer(client)) == ([b"one"], mark(parts))
    confirmed(asked, parts.feed.head)
    parts.hub.confirming.begin_round()
    assert other.texts(1) == [b"one"]
    assert other.has_nothing()
    assert [who for who, _, _ in told] == [asked]


def test_who_is_gone_is_asked_no_more(parts: Parts, join: Join) -> None:
    connection, _ = join()
    parts.hub.confirming.want_from(connection)

    parts.hub.sender.drop(connection)

    assert not parts.hub.confirming.wants(connection)
    assert parts.hub.confirming.ride(parts.feed, 1, is_for_all=True) is None


def test_a_message_for_some_is_confirmed_by_those_who_got_it(parts: Parts, join: Join) -> None:
    listening = [join(Listen(channels=frozenset(["a"]))) for _ in range(40)]
    own, mine = join(Listen(channels=frozenset(["b"])))
    _, other = join()
    want(parts)

    parts.hub.publish(parts.log.write(b"for a", b"for b", recipients=[("a",), ("b",)]))

    for connection, client in [*listening, (own, mine)]:
        text = b"for b" if connection is own else b"for a"
        assert (client.texts(1), answer(client)) == ([text], mark(parts))
        confirmed(connection, parts.feed.head)
    parts.hub.confirming.begin_round()
    assert other.has_nothing()  # Nothing was for it.
    assert parts.hub.tally.deliveries == 41


def test_what_is_for_everybody_among_other_things_is_confirmed_too(
    parts: Parts, join: Join
) -> None:
    _, client = join()
    want(parts)

    parts.hub.publish(parts.log.write(b"for a", b"for all", recipients=[("a",), ()]))

    assert (client.texts(1), answer(client)) == ([b"for all"], mark(parts))
    assert parts.hub.tally.deliveries == 1


def test_a_ping_rides_behind_what_is_lent_to_many(parts: Parts, join: Join) -> None:
    clients = [join() for _ in range(LENT_TIMES)]
    want(parts)

    parts.publish(b"x" * LENT_BYTES)

    for connection, client in clients:
        assert (client.texts(1), answer(client)) == ([b"x" * LENT_BYTES], mark(parts))
        confirmed(connection, parts.feed.head)


def test_a_very_long_message_is_asked_for_at_the_end_of_the_round(
    parts: Parts, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_server.clients.fan_out.RIDE_BYTES", 1000)
    _, client = join()
    want(parts)

    parts.publish(b"x" * 1000)

    client.texts(1)
    assert client.has_nothing()
    parts.hub.confirming.begin_round()
    assert answer(client) == mark(parts)


def test_who_is_behind_confirms_as_far_as_it_has_been_sent(parts: Parts, join: Join) -> None:
    parts.start_catch_up()
    connection, client = join(send_buffer=SMALL)
    contents = numbered(500, size=1000)
    want(parts)
    parts.publish(*contents)
    assert connection.state is State.BEHIND

    seen: list[bytes] = []
    while len(seen) < 500:
        parts.hub.confirming.begin_round()
        opcode, payload = client.frame()
        if opcode == PING:
            client.send(frame(PONG, payload))
            assert payload <= mark(parts)
        else:
            seen.append(payload)
    wait_until(lambda: connection.state is State.LIVE, "live")
    parts.hub.confirming.begin_round()
    while connection.confirmed < parts.feed.head:
        answer(client)
        wait_until(lambda: connection.confirmed == connection.pinged, "confirmed")

    assert seen == contents


def test_who_reads_nothing_is_not_pinged_again_and_again(parts: Parts, join: Join) -> None:
    parts.start_catch_up()
    connection, _ = join(send_buffer=SMALL)
    want(parts)
    parts.publish(*numbered(500, size=1000))
    assert connection.owed is not None

    for _ in range(100):
        parts.hub.confirming.begin_round()

    assert len(connection.owed.outbox) < 5000


def test_a_ping_that_the_socket_takes_in_part_arrives_whole(
    parts: Parts, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.start_catch_up()
    connection, client = join()
    put = connection.put
    monkeypatch.setattr(connection, "put", lambda data: put(data[:-3]))
    want(parts)
    parts.publish(b"one")
    monkeypatch.undo()

    assert client.texts(1) == [b"one"]
    assert answer(client) == mark(parts)
    wait_until(lambda: connection.state is State.LIVE, "live")
    parts.hub.confirming.begin_round()  # That one was not seen to leave.
    assert answer(client) == mark(parts)
    confirmed(connection, parts.feed.head)


@pytest.mark.parametrize("ahead", [1, 1 << 64])
def test_a_forged_pong_confirms_nothing(ahead: int, parts: Parts, join: Join, told: Told) -> None:
    _, client = join()
    want(parts)
    parts.publish(b"one")

    for forged in (mark(parts, parts.feed.head + ahead), b"", b"\xff", b"0-0-0", b"x" * 125):
        client.send(frame(PONG, forged))
    client.send(frame(PING, b"read"))
    assert client.frames(3)[-1] == (PONG, b"read")
    assert told == []

    parts.publish(b"two")  # Sent, but no ping has named it.
    client.send(frame(PONG, mark(parts)) + frame(PING, b"read"))
    assert client.frames(2)[-1] == (PONG, b"read")
    assert told == []


def test_an_older_pong_moves_nothing_back(parts: Parts, join: Join, told: Told) -> None:
    connection, client = join()
    want(parts)
    parts.publish(b"one")
    first = client.frames(2)[1][1]
    parts.hub.confirming.begin_round()
    parts.publish(b"two")
    second = client.frames(2)[1][1]

    client.send(frame(PONG, second) + frame(PONG, first))

    confirmed(connection, parts.feed.head)
    assert len(told) == 1


def test_a_pong_that_comes_after_our_close_counts(parts: Parts, join: Join) -> None:
    connection, client = join()
    want(parts)
    parts.publish(b"one")

    parts.hub.sender.close(connection, GOING_AWAY)
    client.texts(1)
    answer(client)

    confirmed(connection, parts.feed.head)


def test_who_is_closed_confirms_what_it_has_been_sent_since_its_last_ping(
    parts: Parts, join: Join
) -> None:
    asked, client = join()
    parts.hub.confirming.want_from(asked)
    _, other = join()
    parts.publish(b"one")
    assert (client.texts(1), answer(client)) == ([b"one"], mark(parts))
    parts.publish(b"two")

    for connection in parts.hub.connections:
        parts.hub.sender.close(connection, GOING_AWAY)

    assert (client.texts(1), answer(client)) == ([b"two"], mark(parts))
    confirmed(asked, parts.feed.head)
    assert client.frame()[0] == CLOSE
    assert [opcode for opcode, _ in other.frames(3)] == [TEXT, TEXT, CLOSE]


def test_who_has_confirmed_all_or_waits_for_its_replies_is_closed_without_a_ping(
    parts: Parts, join: Join
) -> None:
    connection, client = join()
    parts.hub.confirming.want_from(connection)
    parts.hub.sender.close(connection, GOING_AWAY)
    assert client.frame()[0] == CLOSE

    behind, _ = join(send_buffer=SMALL)
    parts.hub.confirming.want_from(behind)
    parts.publish(b"x" * 3 * SMALL)
    assert behind.owed is not None
    behind.owed.outbox += b"x"
    pinged = behind.pinged
    parts.hub.confirming.ask_last(behind)
    assert behind.pinged == pinged


def test_a_pong_to_a_log_that_was_lost_confirms_nothing(parts: Parts, join: Join) -> None:
    connection, client = join()
    want(parts)
    parts.publish(b"one")
    kept = parts.feed.head
    parts.publish(b"lost")
    parts.hub.confirming.begin_round()
    client.frames(3)
    old = client.frame()[1]

    parts.log.lose(1)
    parts.hub.rewind(Mark("new", kept), kept=kept)
    client.send(frame(PONG, old) + frame(PING, b"read"))

    assert client.frame() == (PONG, b"read")
    assert connection.confirmed < kept


def test_what_was_confirmed_and_lost_is_confirmed_no_more(parts: Parts, join: Join) -> None:
    connection, client = join()
    want(parts)
    parts.publish(b"one", b"lost")
    client.texts(2)
    answer(client)
    confirmed(connection, parts.feed.head)

    parts.hub.rewind(Mark("new", parts.feed.head - 1), kept=parts.feed.head - 1)

    assert connection.confirmed == connection.pinged == parts.feed.head


def test_the_pings_of_the_keepalive_ask_too(parts: Parts, join: Join) -> None:
    """So the place of a client moves on while nothing is for it."""
    connection, client = join()
    parts.hub.publish(parts.log.write(b"for a", recipients=[("a",)]))
    parts.hub.confirming.want_from(connection)

    parts.hub.sender.ping(connection, asks=parts.hub.confirming.wants(connection))

    assert answer(client) == mark(parts)
    confirmed(connection, parts.feed.head)


def test_a_client_that_confirms_by_command_is_believed_nothing_else(
    parts: Parts, join: Join, told: Told
) -> None:
    connection, client = join(Listen("json"))
    client.texts(1)
    want(parts)
    parts.publish(b"one")
    client.texts(1)
    ping = client.frame()[1]

    client.send(frame(TEXT, b'{"confirm":"%b"}' % mark(parts)))
    confirmed(connection, parts.feed.head)
    assert len(told) == 1

    connection.confirmed = 0
    client.send(frame(PONG, ping) + frame(PING, b"read"))
    assert client.frame() == (PONG, b"read")
    assert connection.confirmed == 0
    parts.hub.confirming.begin_round()
    parts.publish(b"two")
    client.texts(1)
    assert client.has_nothing()  # No ping, either.


def test_who_says_at_first_that_it_confirms_by_command_is_believed_no_pong(
    parts: Parts, join: Join, told: Told
) -> None:
    connection, client = join(Listen("json", confirms=True))
    client.texts(1)
    want(parts)
    parts.publish(b"one")
    client.texts(1)
    client.send(frame(PONG, mark(parts)) + frame(PING, b"read"))

    assert client.frame() == (PONG, b"read")  # Nothing has asked it, and it is not believed.
    assert told == []
    client.send(frame(TEXT, b'{"confirm":"%b"}' % mark(parts)))
    confirmed(connection, parts.feed.head)


def test_who_confirms_by_command_is_asked_by_a_notice_where_others_are_always_asked(
    parts: Parts, join: Join
) -> None:
    connection, client = join(Listen("json", confirms=True))
    client.texts(1)
    parts.hub.confirming.want_from(connection)
    parts.publish(b"one")
    client.texts(1)
    assert client.has_nothing()

    parts.hub.confirming.begin_round()
    assert client.frame() == (TEXT, b'{"type":"confirm"}')
    parts.hub.confirming.begin_round()
    assert client.has_nothing()

    parts.publish(b"two")
    client.texts(1)
    client.send(frame(TEXT, b'{"confirm":"%b"}' % mark(parts)))
    confirmed(connection, parts.feed.head)
    parts.hub.confirming.begin_round()
    assert client.has_nothing()  # It has said so by itself.


def test_streams_of_events_are_not_asked(parts: Parts) -> None:
    connection, client = parts.connect(listen=Listen(events=True))
    want(parts)
    parts.hub.confirming.want_from(connection)

    assert not parts.hub.confirming.wants(connection)
    parts.publish(b"one")
    parts.hub.confirming.begin_round()
    parts.hub.sender.drop(connection)

    assert b"data: one" in client.stream()


def test_every_eighth_pong_behind_a_chunk_tells_how_long_it_took(parts: Parts, join: Join) -> None:
    want(parts)
    clients = [join()[1] for _ in range(TIMED_PONGS)]
    parts.publish(b"a")
    for client in clients:
        client.frames(2)
        client.send(frame(PONG, mark(parts)))

    wait_until(lambda: sum(parts.hub.confirming.times.counts) == 1, "the time of one of them")


def test_what_was_sent_before_the_place_is_confirmed_by_the_place_once(
    parts: Parts, join: Join, told: Told
) -> None:
    parts.publish(b"before")
    connection, client = join()
    parts.hub.confirming.want_from(connection)
    parts.hub.confirming.ask_first(connection, connection.confirmed - 5)

    parts.hub.confirming.begin_round()
    place = answer(client)
    wait_until(lambda: told != [], "told")
    client.send(frame(PONG, place) + frame(PING, b"read"))

    assert client.frame() == (PONG, b"read")
    assert told == [(connection, parts.feed.head, parts.feed.head)]


def test_who_confirms_the_last_that_it_was_sent_first_confirms_its_place(
    parts: Parts, join: Join, told: Told
) -> None:
    parts.publish(b"one", b"two", b"before")
    connection, _ = join()
    confirming, head = parts.hub.confirming, parts.feed.head
    confirming.ask_first(connection, 2 << 64)

    for number in (1, 2, 2):
        assert confirming.take_command(connection, Mark(parts.feed.epoch, number << 64))

    assert told == [(connection, head, head)]


def test_who_was_late_is_asked_until_it_has_confirmed_something(parts: Parts, join: Join) -> None:
    late, client = join()
    always, _ = join()
    confirming = parts.hub.confirming
    confirming.want_from(always)
    for connection in (late, always):
        confirming.want_once(connection)

    parts.publish(b"a")
    client.frames(1)
    answer(client)
    wait_until(lambda: late.confirmed == parts.feed.head, "confirmed")
    confirming.take_pong(always, str(parts.feed.mark).encode())

    assert [confirming.wants(each) for each in (late, always)] == [False, True]
