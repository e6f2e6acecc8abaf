"""Fan-out: everybody, in order, never waiting for anybody; and how connections come and go."""

import json
import os
from typing import Any

import gevent
import pytest

from common.message import Mark
from common.page import Page
from tests.support.parts import SMALL, Parts, Peer, let_others_run, numbered, wait_until
from tests.support.websocket import BINARY, CLOSE, PING, TEXT
from ws_server.clients import fan_out as module
from ws_server.clients import hub
from ws_server.clients.beginning import Beginning
from ws_server.clients.connection import Connection, State
from ws_server.clients.fan_out import CLOCK_EVERY
from ws_server.clients.sender import MAX_OUTBOX, PAUSE_OUTBOX
from ws_server.door.listen import Listen
from ws_server.wire.close_codes import GOING_AWAY, TRY_AGAIN, CloseCode

BYE = CloseCode(4001, "bye")


def test_every_client_gets_every_message_in_order(parts: Parts) -> None:
    clients = [parts.connect()[1] for _ in range(CLOCK_EVERY * 2 + 1)]
    contents = numbered(30)

    for start in range(0, 30, 10):
        parts.publish(*contents[start : start + 10])

    assert all(client.texts(30) == contents for client in clients)
    assert all(client.has_nothing() for client in clients[:3])


def test_nobody_gets_what_was_sent_before_joining(parts: Parts) -> None:
    parts.publish(b"before")
    _, client = parts.connect()

    parts.publish(b"after")

    assert client.texts(1) == [b"after"]
    assert client.has_nothing()


@pytest.mark.parametrize("window", ["parts", "small_window"])
def test_a_full_socket_falls_behind_and_gets_everything_once_it_reads(
    window: str, request: pytest.FixtureRequest
) -> None:
    parts: Parts = request.getfixturevalue(window)
    parts.start_catch_up()
    slow, reader = parts.connect(SMALL)
    _, fast = parts.connect()
    contents = numbered(600, size=100)

    for start in range(0, 600, 60):
        parts.publish(*contents[start : start + 60])
        assert fast.texts(60) == contents[start : start + 60]
    assert parts.hub.clients.behind == {slow}

    assert reader.texts(600) == contents
    wait_until(lambda: slow.state is State.LIVE, "live again")
    parts.publish(b"last")
    assert reader.texts(1) == fast.texts(1) == [b"last"]
    assert reader.has_nothing()
    assert parts.hub.clients.behind == set()


def test_one_message_larger_than_the_socket_arrives_whole(parts: Parts) -> None:
    parts.start_catch_up()
    large = b"x" * 100_000

    _, client = parts.connect_behind([large, b"next"])

    assert client.texts(2) == [large, b"next"]


def test_a_client_that_is_behind_keeps_no_more_than_a_frame(parts: Parts) -> None:
    slow, _ = parts.connect_behind(numbered(500, size=1000))
    parts.publish(*numbered(500, size=1000))

    assert slow.owed is not None
    assert len(slow.owed.outbox) < 1010


def test_a_dead_client_is_dropped_and_the_rest_are_served(parts: Parts) -> None:
    dead, gone = parts.connect()
    _, alive = parts.connect()
    gone.socket.close()

    parts.publish(b"hello")

    assert alive.texts(1) == [b"hello"]
    assert parts.gone == [dead]
    assert dead.state is State.GONE


# While a fan-out is under way: SLICE = 0 gives the loop a turn after CLOCK_EVERY clients.


def test_whoever_joins_during_a_fan_out_misses_nothing_after_it(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE", 0)
    early = [parts.connect()[1] for _ in range(CLOCK_EVERY * 3)]
    contents = [b"a" * 300_000, b"b" * 10, b"c" * 300_000]  # Three chunks.
    late: list[tuple[int, Peer]] = []

    def join() -> None:
        while not publishing.dead:
            late.append((parts.feed.head, parts.connect()[1]))
            gevent.sleep(0)

    parts.start_catch_up()
    publishing = gevent.spawn(parts.publish, *contents)
    gevent.spawn(join)
    publishing.join()
    parts.publish(b"last")

    assert all(client.texts(4) == [*contents, b"last"] for client in early)
    assert {head >> 64 for head, _ in late} >= {1, 2, 3}
    for head, client in late:
        after = [*contents, b"last"][head >> 64 :]
        assert client.texts(len(after)) == after


def test_whoever_leaves_during_a_fan_out_harms_nobody(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE", 0)
    clients = dict(parts.connect() for _ in range(CLOCK_EVERY * 3))
    publishing = gevent.spawn(parts.publish, b"hello")
    left: list[Connection] = []

    def leave() -> None:
        for connection in list(clients)[::3]:
            parts.hub.sender.drop(connection)
            left.append(connection)
        for connection in list(clients)[1::3]:
            parts.hub.sender.close(connection, BYE)

    gevent.spawn(leave)
    publishing.join()

    assert parts.gone == left
    for connection, client in clients.items():
        received = client.rest() if connection in left else None
        if received is not None:
            assert received in ([], [(TEXT, b"hello")])
    stayed = [client for connection, client in list(clients.items())[2::3]]
    assert all(client.texts(1) == [b"hello"] for client in stayed)
    for client in [client for _, client in list(clients.items())[1::3]]:
        assert [frame[0] for frame in client.rest()] in ([CLOSE], [TEXT, CLOSE])


def test_a_post_during_a_fan_out_stands_between_two_messages(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE", 0)
    parts.start_catch_up()
    clients = dict(parts.connect(SMALL) for _ in range(CLOCK_EVERY * 3))
    contents = numbered(600, size=100)
    publishing = gevent.spawn(parts.publish, *contents)

    def post() -> None:
        for connection in clients:
            parts.hub.sender.post(connection, b"posted")

    gevent.spawn(post)

    for client in clients.values():
        frames = client.frames(601)
        assert [payload for opcode, payload in frames if opcode == TEXT] == contents
        assert [payload for opcode, payload in frames if opcode == BINARY] == [b"posted"]
    publishing.join()


def test_the_event_loop_has_its_turns_during_a_fan_out(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE", 0)
    for _ in range(CLOCK_EVERY * 2):
        parts.connect()
    turns: list[str] = []

    gevent.spawn(turns.append, "another greenlet")
    parts.publish(b"hello")

    assert turns == ["another greenlet"]


def test_a_page_that_fails_half_way_costs_no_live_client_its_place(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop or a bug can end `publish` between two slices; the rest must catch up."""
    monkeypatch.setattr(module, "SLICE", 0)
    clients = [parts.connect()[1] for _ in range(CLOCK_EVERY * 4)]
    parts.start_catch_up()
    publishing = gevent.spawn(parts.publish, b"one")
    gevent.sleep(0)
    publishing.kill()

    parts.publish(b"two")

    assert all(client.texts(2) == [b"one", b"two"] for client in clients)


# Posts


def test_text_is_posted_as_text_and_bytes_as_binary(parts: Parts) -> None:
    connection, client = parts.connect()
    _, other = parts.connect()

    connection.send("消息")
    connection.send(b"\xff")

    assert client.frames(2) == [(TEXT, "消息".encode()), (BINARY, b"\xff")]
    assert other.has_nothing()


def test_a_post_to_a_client_that_is_behind_waits_for_the_frame_under_way(parts: Parts) -> None:
    contents = numbered(5, size=5000)
    slow, client = parts.connect_behind(contents)

    slow.send(b"posted")
    parts.start_catch_up()
    frames = client.frames(6)

    assert [payload for opcode, payload in frames if opcode == TEXT] == contents
    assert [payload for opcode, payload in frames if opcode == BINARY] == [b"posted"]


def test_a_post_to_whoever_is_closing_or_gone_is_dropped(parts: Parts) -> None:
    closing, client = parts.connect()
    gone, _ = parts.connect()
    parts.hub.sender.close(closing, BYE)
    parts.hub.sender.drop(gone)

    closing.send("late")
    gone.send("late")

    assert client.frame()[0] == CLOSE
    assert client.has_nothing()


def test_replies_that_are_not_read_stop_the_reading(parts: Parts) -> None:
    slow, client = parts.connect(SMALL)
    slow.send(b"x" * (PAUSE_OUTBOX + 3 * SMALL))
    slow.send(b"one more")

    client.send(b"question")
    let_others_run()
    assert parts.readable == []

    parts.start_catch_up()
    client.frames(2)
    wait_until(lambda: parts.readable == [slow], "read again")


def test_a_client_that_leaves_too_many_replies_unread_is_dropped(parts: Parts) -> None:
    slow, _ = parts.connect(SMALL)

    for _ in range(10):
        slow.send(b"x" * (MAX_OUTBOX // 4))

    assert parts.gone == [slow]


def test_a_ping_reaches_a_live_client_only(parts: Parts) -> None:
    live, client = parts.connect()
    behind, _ = parts.connect_behind(numbered(5, size=5000))
    assert behind.owed is not None
    owed = len(behind.owed.outbox)
    client.texts(5)

    parts.hub.sender.ping(live)
    parts.hub.sender.ping(behind)

    assert client.frame() == (PING, b"")
    assert len(behind.owed.outbox) == owed


# Closing and dropping


def test_a_close_sends_its_frame_and_the_end_and_waits_for_the_client(parts: Parts) -> None:
    connection, client = parts.connect()

    connection.close(4001, "bye")
    connection.close(4002, "twice")
    parts.publish(b"late")

    assert client.rest() == [(CLOSE, (4001).to_bytes(2) + b"bye")]
    assert connection.state is State.CLOSING
    client.socket.close()
    wait_until(lambda: parts.gone == [connection], "gone")
    assert parts.hub.clients.closing == {}


def test_a_close_of_a_client_that_is_behind_follows_the_frame_under_way(parts: Parts) -> None:
    contents = numbered(5, size=5000)
    slow, client = parts.connect_behind(contents)

    parts.hub.sender.close(slow, BYE)
    parts.start_catch_up()
    frames = client.rest()

    assert frames[-1] == (CLOSE, (4001).to_bytes(2) + b"bye")
    texts = [payload for _, payload in frames[:-1]]
    assert texts == contents[: len(texts)]
    assert parts.hub.clients.behind == set()


def test_a_close_code_that_cannot_be_sent_leaves_the_connection_as_it_was(parts: Parts) -> None:
    connection, client = parts.connect()

    with pytest.raises((OverflowError, ValueError)):
        connection.close(70_000)
    connection.send("still here")

    assert client.frame() == (TEXT, b"still here")


def test_a_drop_closes_the_descriptor_once_and_says_so_once(parts: Parts) -> None:
    connection, client = parts.connect()
    fd = connection.fd

    parts.hub.sender.drop(connection)
    parts.hub.sender.drop(connection)

    assert parts.gone == [connection]
    assert client.rest() == []
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_dropped_client_that_was_behind_leaves_nothing_behind(parts: Parts) -> None:
    parts.start_catch_up()
    slow, client = parts.connect_behind(numbered(500, size=100))

    parts.hub.sender.drop(slow)
    let_others_run()

    assert slow not in parts.hub.connections
    assert slow not in parts.hub.clients.behind
    assert (slow.state, slow.owed) == (State.GONE, None)
    client.rest()


def test_the_next_owner_of_a_descriptor_is_not_taken_for_the_last(parts: Parts) -> None:
    first, _ = parts.connect()
    parts.hub.sender.drop(first)
    second, client = parts.connect()

    first.send("for the first")
    first.close()
    parts.publish(b"for the second")

    assert client.texts(1) == [b"for the second"]
    assert second.is_open


def test_an_empty_page_sends_nothing(parts: Parts) -> None:
    _, client = parts.connect()

    parts.hub.publish(Page([], []))

    assert client.has_nothing()


# Formats and places to start from.

IN_JSON = Listen("json")


def said(payload: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(payload)
    return found


def test_a_json_client_is_welcomed_and_gets_the_same_messages(parts: Parts) -> None:
    parts.publish(b"before")
    (_, text), (connection, json_) = parts.connect(), parts.connect(listen=IN_JSON)

    parts.publish(b"one", b"two")

    assert text.texts(2) == [b"one", b"two"]
    welcome, one, two = map(said, json_.texts(3))
    assert welcome.pop("connection") == connection.id
    assert welcome == {"type": "welcome", "id": "e1-1-0", "complete": True, "channels": []}
    assert (one["content"], one["id"], two["content"]) == ("one", "e1-2-0", "two")


def test_a_client_that_resumes_gets_what_it_missed_then_what_is_new(parts: Parts) -> None:
    parts.publish(*numbered(5))
    connection, client = parts.connect(listen=Listen("json"), beginning=Beginning(cursor=2 << 64))
    assert parts.hub.clients.behind == {connection}
    parts.publish(b"meanwhile")
    parts.start_catch_up()

    welcome, *rest = map(said, client.texts(5))
    parts.publish(b"live")

    assert welcome["id"] == "e1-2-0"
    contents = [row["content"].strip() for row in [*rest, said(client.texts(1)[0])]]
    assert contents == ["2", "3", "4", "meanwhile", "live"]
    assert connection.state is State.LIVE


def test_a_client_that_is_ahead_of_this_process_gets_nothing_twice(parts: Parts) -> None:
    parts.publish(b"1")
    ahead, client = parts.connect(beginning=Beginning(cursor=3 << 64))
    parts.start_catch_up()

    parts.publish(b"2")
    parts.publish(b"3", b"4")
    parts.publish(b"5")

    assert client.texts(2) == [b"4", b"5"]
    assert ahead.cursor == 5 << 64


def test_a_loss_is_not_told_in_the_middle_of_a_long_frame(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are told first, and meanwhile catch-up has its turns."""
    parts.start_catch_up()
    monkeypatch.setattr(hub, "NOTICES", 1)
    for _ in range(3):
        parts.connect(listen=IN_JSON)
    slow, client = parts.connect(SMALL, IN_JSON)
    client.texts(1)
    parts.publish(b"0", b"x" * 100_000)
    let_others_run()
    assert slow.owed is not None
    assert slow.owed.skip
    client.socket.recv(1 << 20)  # It can be written to again.
    take_turn = gevent.sleep
    monkeypatch.setattr(gevent, "sleep", lambda _seconds: take_turn(0.002))
    parts.log.lose(keep=1)

    parts.hub.rewind(Mark(parts.log.epoch, 1 << 64), kept=1 << 64)

    assert b'"gap"' not in client.stream()


def test_what_cannot_be_resumed_is_a_gap_in_json_and_the_end_in_text(parts: Parts) -> None:
    parts.publish(*numbered(3))
    _, json_ = parts.connect(
        listen=Listen("json"), beginning=Beginning(asked="x", missing="no such id")
    )
    _, text = parts.connect(beginning=Beginning(asked="x", missing="no such id"))
    parts.publish(b"live")

    assert text.close_code() == 4008
    # Were the welcome first, who got no more than that would go on after its id, and never know.
    gap, welcome, live = map(said, json_.texts(3))
    assert (welcome["type"], welcome["complete"]) == ("welcome", False)
    assert gap == {"type": "gap", "id": "e1-3-0", "after": "x", "reason": "no such id"}
    assert live["content"] == "live"


def test_whoever_cannot_be_placed_is_told_nothing_but_to_come_back(parts: Parts) -> None:
    """Not that it is complete, above all."""
    parts.publish(*numbered(3))
    _, json_ = parts.connect(listen=Listen("json"), beginning=Beginning(refused=TRY_AGAIN))
    _, events = parts.connect(
        listen=Listen("json", events=True), beginning=Beginning(refused=TRY_AGAIN)
    )

    assert json_.close_code() == 1013
    assert events.stream() == b""


def test_a_json_client_behind_what_the_log_has_forgotten_goes_on_after_a_gap(
    small_window: Parts,
) -> None:
    parts = small_window
    parts.publish(*numbered(3))
    _, client = parts.connect(listen=Listen("json"), beginning=Beginning(cursor=1 << 64))
    parts.log.forgotten = 2 << 64
    parts.publish(b"4")
    parts.start_catch_up()

    welcome, gap = map(said, client.texts(2))
    parts.publish(b"live")

    assert welcome["complete"] is True  # So it was then.
    assert (gap["type"], gap["after"], gap["id"]) == ("gap", "e1-1-0", "e1-4-0")
    assert said(client.texts(1)[0])["content"] == "live"


def test_nothing_is_encoded_for_a_format_that_nobody_wants(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    for name, feed in parts.feeds.items():
        monkeypatch.setattr(feed.format, "messages", lambda *_, name=name: encoded.append(name))
    parts.publish(b"one")

    assert encoded == []
    assert parts.hub.mark.id == parts.feed.head == 1 << 64


def test_events_end_without_a_close_frame(parts: Parts) -> None:
    connection, client = parts.connect(listen=Listen(events=True))
    parts.publish(b"one")
    parts.hub.sender.close(connection, GOING_AWAY)

    stream = client.stream()
    assert stream.startswith(b"retry: ")
    assert stream.endswith(b"id: e1-1-0\ndata: one\n\n")
