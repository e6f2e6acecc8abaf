"""What is sent to one client, and what becomes of it by that."""

import json
from typing import Any

import pytest

from common.message import Mark
from tests.support.parts import SMALL, Parts, let_others_run, numbered, wait_until
from tests.support.websocket import BINARY, CLOSE, PING, TEXT
from ws_server.clients import sender as module
from ws_server.clients.connection import Connection, State
from ws_server.clients.sender import MAX_OUTBOX, PAUSE_OUTBOX, Sender
from ws_server.door.listen import Listen
from ws_server.log.chunk import Place
from ws_server.wire.close_codes import CloseCode

BYE = CloseCode(4001, "bye")
IN_JSON = Listen("json")
HAD, AT = Mark("e0", 1 << 64), Mark("e1", 5 << 64)


@pytest.fixture
def sender(parts: Parts) -> Sender:
    return parts.hub.sender


def leave(connection: Connection) -> None:
    def put(*_: object) -> int:
        raise BrokenPipeError

    connection.put = put


def test_a_post_to_a_live_client_is_out_at_once(sender: Sender, parts: Parts) -> None:
    connection, client = parts.connect()

    sender.post(connection, "text")
    sender.post_raw(connection, b"\x89\x00")

    assert client.frames(2) == [(TEXT, b"text"), (PING, b"")]
    assert connection.state is State.LIVE


def test_a_post_that_is_taken_in_part_puts_its_client_behind(sender: Sender, parts: Parts) -> None:
    connection, client = parts.connect(SMALL)
    parts.start_catch_up()

    sender.post(connection, b"x" * 10 * SMALL)
    assert connection.state is State.BEHIND
    sender.post(connection, b"second")

    assert client.frames(2) == [(BINARY, b"x" * 10 * SMALL), (BINARY, b"second")]
    wait_until(lambda: connection.state is State.LIVE, "live again")


def test_a_post_to_whoever_is_gone_drops_the_client(sender: Sender, parts: Parts) -> None:
    connection, _ = parts.connect()
    leave(connection)

    sender.post(connection, "text")

    assert parts.gone == [connection]


def test_while_replies_wait_unread_nothing_is_read(sender: Sender, parts: Parts) -> None:
    connection, client = parts.connect(SMALL)
    sender.post(connection, b"x" * 10 * SMALL)
    assert not connection.is_paused

    sender.post(connection, b"x" * PAUSE_OUTBOX)
    assert connection.is_paused

    parts.start_catch_up()
    client.frames(2)
    wait_until(lambda: not connection.is_paused, "read again")


def test_whoever_reads_no_reply_at_all_is_dropped(sender: Sender, parts: Parts) -> None:
    connection, _ = parts.connect(SMALL)
    sender.post(connection, b"x" * 10 * SMALL)

    sender.post(connection, b"x" * MAX_OUTBOX)
    assert connection.state is State.BEHIND
    sender.post(connection, b"one more")

    assert parts.gone == [connection]


# Pings


@pytest.mark.parametrize("state", [State.BEHIND, State.CLOSING, State.GONE])
def test_only_a_live_client_is_pinged(state: State, sender: Sender, parts: Parts) -> None:
    live, client = parts.connect()
    other, _ = parts.connect_behind(numbered(5, size=5000))
    client.texts(5)
    assert other.owed is not None
    if state is State.CLOSING:
        sender.close(other, BYE)
    elif state is State.GONE:
        sender.drop(other)
    outbox = bytes(other.owed.outbox) if other.owed else b""

    sender.ping(live)
    sender.ping(other)

    assert client.frame() == (PING, b"")
    assert (bytes(other.owed.outbox) if other.owed else b"") == outbox
    assert other.state is state


def test_a_ping_moves_a_client_up_to_what_was_for_others(sender: Sender, parts: Parts) -> None:
    connection, client = parts.connect(listen=IN_JSON)
    client.texts(1)
    connection.feed.done = 4 << 64

    sender.ping(connection)

    assert connection.cursor == 4 << 64
    assert json.loads(client.texts(1)[0]) == {"type": "cursor", "id": "e1-4-0"}
    assert client.frame() == (PING, b"")


# The close


def test_a_close_of_a_live_client_is_its_last_frame(sender: Sender, parts: Parts) -> None:
    connection, client = parts.connect()

    sender.close(connection, BYE)
    sender.close(connection, CloseCode(4002))
    sender.post(connection, "late")

    assert client.rest() == [(CLOSE, (4001).to_bytes(2) + b"bye")]
    assert connection.state is State.CLOSING
    assert connection.owed is None


def test_a_close_that_the_socket_takes_in_part_is_sent_to_its_end(
    sender: Sender, parts: Parts
) -> None:
    connection, client = parts.connect(SMALL)
    sender.post(connection, b"x" * 10 * SMALL)
    parts.start_catch_up()

    sender.close(connection, BYE)
    assert connection.state is State.CLOSING
    assert connection.owed is not None

    assert client.rest()[-1] == (CLOSE, (4001).to_bytes(2) + b"bye")
    assert connection.owed is None


def test_a_close_has_its_deadline(
    sender: Sender, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, _ = parts.connect()
    monkeypatch.setattr(module, "monotonic", lambda: 100.0)

    sender.close(connection, BYE)

    assert parts.hub.clients.closing == {connection: 100.0 + module.CLOSE_TIMEOUT}


def test_a_close_to_whoever_is_gone_is_a_drop(sender: Sender, parts: Parts) -> None:
    connection, _ = parts.connect()
    leave(connection)

    sender.close(connection, BYE)
    sender.close(connection, BYE)

    assert parts.gone == [connection]
    assert parts.hub.clients.closing == {}


def test_a_hook_at_work_does_not_hide_the_end_of_a_client_that_is_closing(
    sender: Sender, parts: Parts
) -> None:
    connection, client = parts.connect()
    connection.pause_reading(1)

    sender.close(connection, BYE)
    client.rest()
    client.socket.close()

    wait_until(lambda: parts.gone == [connection], "gone")


def test_a_drop_is_told_once(sender: Sender, parts: Parts) -> None:
    connection, _ = parts.connect()

    sender.drop(connection)
    sender.drop(connection)

    assert parts.gone == [connection]


# Gaps


def notices(frames: list[tuple[int, bytes]]) -> list[dict[str, Any]]:
    rows = [json.loads(payload) for opcode, payload in frames if opcode == TEXT]
    return [row for row in rows if row["type"] == "gap"]


NOTICE = {"type": "gap", "id": str(AT), "after": str(HAD), "reason": "lost"}


def test_a_live_client_is_told_of_a_gap_at_once(sender: Sender, parts: Parts) -> None:
    connection, client = parts.connect(listen=IN_JSON)

    sender.tell_gap(connection, HAD, "lost", AT)

    assert notices(client.frames(2)) == [NOTICE]


def test_a_client_that_is_behind_is_told_after_its_frame_and_goes_on_after_the_gap(
    sender: Sender, parts: Parts
) -> None:
    connection, client = parts.connect(SMALL, IN_JSON)
    sender.post(connection, b"x" * 10 * SMALL)

    sender.tell_gap(connection, HAD, "lost", AT)
    assert connection.sent_upto == AT.id
    parts.start_catch_up()

    assert notices(client.frames(3)) == [NOTICE]


@pytest.mark.parametrize("or_close", [True, False])
def test_a_client_that_cannot_be_told_is_closed_or_not(
    or_close: bool, sender: Sender, parts: Parts
) -> None:
    connection, client = parts.connect()

    sender.tell_gap(connection, HAD, "lost", AT, or_close=or_close)

    assert connection.state is (State.CLOSING if or_close else State.LIVE)
    assert or_close or client.has_nothing()


def test_in_the_middle_of_a_long_frame_there_is_no_way_to_tell(
    sender: Sender, parts: Parts
) -> None:
    connection, _ = parts.connect(listen=IN_JSON)
    sender.fall_behind(connection, Place(1 << 64, skip=7))

    sender.tell_gap(connection, HAD, "lost", AT)

    assert parts.gone == [connection]


def test_a_client_that_is_closing_is_told_of_no_gap(sender: Sender, parts: Parts) -> None:
    connection, client = parts.connect(listen=IN_JSON)
    sender.close(connection, BYE)

    sender.tell_gap(connection, HAD, "lost", AT)

    assert notices(client.rest()) == []


# Between frames


def test_a_change_is_made_at_once_unless_a_long_frame_is_under_way(
    sender: Sender, parts: Parts
) -> None:
    live, _ = parts.connect()
    behind, _ = parts.connect()
    sender.fall_behind(behind, Place(0, rest=b"rest"))
    made: list[Connection] = []

    for connection in (live, behind):
        sender.between_frames(connection, lambda each=connection: made.append(each))  # type: ignore[misc]

    assert made == [live, behind]


def test_changes_wait_for_the_end_of_a_long_frame_and_nothing_is_read_meanwhile(
    sender: Sender, parts: Parts
) -> None:
    connection, client = parts.connect()
    sender.fall_behind(connection, Place(0, skip=7))
    made: list[int] = []

    for number in (1, 2):
        sender.between_frames(connection, lambda number=number: made.append(number))  # type: ignore[misc]
    client.send(b"a third")
    let_others_run()
    assert (made, parts.readable) == ([], [])

    sender.sent_frame(connection)
    let_others_run()

    assert made == [1, 2]
    assert parts.readable == [connection]
