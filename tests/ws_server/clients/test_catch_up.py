"""Clients that are behind: several at once, and with a Redis that fails."""

import gevent
import pytest

from common.errors import QueueUnavailable
from tests.support.parts import SMALL, Parts, Peer, let_others_run, numbered, wait_until
from tests.support.websocket import BINARY, CLOSE, TEXT
from ws_server.clients import catch_up as module
from ws_server.clients.connection import Connection
from ws_server.wire.close_codes import CloseCode

CONTENTS = numbered(600, size=100)


def read_up_to_history(parts: Parts) -> tuple[Connection, Peer, list[bytes]]:
    """A client whose next messages must come from the log, and what it has read already."""
    parts.log.gate.clear()
    slow, client = parts.connect(SMALL)
    parts.publish(*CONTENTS[:500])
    parts.publish(*CONTENTS[500:])
    parts.start_catch_up()
    received: list[bytes] = []
    while not parts.log.waited_for.is_set():
        received += client.texts(1)
        gevent.sleep(0)
    return slow, client, received


def test_clients_behind_at_different_places_all_get_everything(small_window: Parts) -> None:
    parts = small_window
    clients = [parts.connect(SMALL * size)[1] for size in (1, 2, 3, 4)]
    parts.start_catch_up()
    parts.publish(*CONTENTS[:500])
    late = parts.connect(SMALL)[1]
    parts.publish(*CONTENTS[500:])
    parts.publish(*CONTENTS)

    readings = [gevent.spawn(client.texts, 1200) for client in clients]
    last = gevent.spawn(late.texts, 700)
    gevent.joinall([*readings, last])

    assert all(reading.value == CONTENTS + CONTENTS for reading in readings)
    assert last.value == CONTENTS[500:] + CONTENTS


def test_a_client_that_reads_nothing_keeps_nobody_waiting_and_no_loop_busy(parts: Parts) -> None:
    parts.start_catch_up()
    stuck, _ = parts.connect_behind(CONTENTS)
    _, reader = parts.connect_behind(CONTENTS)

    assert reader.texts(600) == CONTENTS
    let_others_run()  # Which returns only when the loop has nothing to do.
    assert stuck.owed is not None


def test_what_is_published_meanwhile_follows_in_order(small_window: Parts) -> None:
    parts = small_window
    parts.start_catch_up()
    _, client = parts.connect_behind(CONTENTS)
    more = numbered(100)

    received: list[bytes] = []
    for content in more:
        parts.publish(content)
        received += client.texts(6)
    received += client.texts(100)

    assert received == CONTENTS + more


def test_a_gap_closes_with_the_code_for_it_and_skips_nothing_before(small_window: Parts) -> None:
    parts = small_window
    slow, client = parts.connect(SMALL)
    parts.publish(*CONTENTS[:500])
    parts.publish(*CONTENTS[500:])
    parts.log.forgotten = parts.log.last_id()

    parts.start_catch_up()
    frames = client.rest()

    assert frames[-1][0] == CLOSE
    assert int.from_bytes(frames[-1][1][:2]) == 4008
    texts = [payload for _, payload in frames[:-1]]
    assert texts == CONTENTS[: len(texts)]
    assert slow in parts.hub.clients.closing


def test_without_redis_a_client_waits_and_then_gets_everything(
    small_window: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REDIS_PAUSE", 0.01)
    parts = small_window
    slow, client, received = read_up_to_history(parts)
    parts.log.fault = QueueUnavailable("gone")
    parts.log.gate.set()

    wait_until(lambda: len(parts.log.history_reads) > 2, "tried again")
    assert slow.is_open
    parts.log.fault = None

    assert received + client.texts(600 - len(received)) == CONTENTS


def test_a_post_while_redis_is_asked_is_not_lost(small_window: Parts) -> None:
    slow, client, received = read_up_to_history(small_window)

    slow.send(b"posted")
    small_window.log.gate.set()
    frames = client.frames(601 - len(received))

    assert received + [payload for opcode, payload in frames if opcode == TEXT] == CONTENTS
    assert [payload for opcode, payload in frames if opcode == BINARY] == [b"posted"]


def test_a_close_while_redis_is_asked_still_sends_its_frame(small_window: Parts) -> None:
    slow, client, received = read_up_to_history(small_window)

    small_window.hub.sender.close(slow, CloseCode(4001))
    small_window.log.gate.set()
    frames = client.rest()

    assert frames[-1] == (CLOSE, (4001).to_bytes(2))
    texts = received + [payload for _, payload in frames[:-1]]
    assert texts == CONTENTS[: len(texts)]


def test_a_close_while_redis_is_asked_is_sent_even_if_the_log_has_forgotten_what_follows(
    small_window: Parts,
) -> None:
    slow, client, _ = read_up_to_history(small_window)

    small_window.hub.sender.close(slow, CloseCode(4001))
    small_window.log.forgotten = small_window.log.last_id()
    small_window.log.gate.set()

    assert client.rest()[-1] == (CLOSE, (4001).to_bytes(2))


def test_a_drop_while_redis_is_asked_harms_nobody(small_window: Parts) -> None:
    slow, _, _ = read_up_to_history(small_window)
    small_window.hub.sender.drop(slow)
    _, next_one = small_window.connect_behind(CONTENTS)  # It may well get the same descriptor.
    small_window.log.gate.set()

    assert next_one.texts(600) == CONTENTS
    assert small_window.gone == [slow]


def test_a_client_that_leaves_while_it_is_behind_is_dropped(parts: Parts) -> None:
    parts.start_catch_up()
    slow, client = parts.connect_behind(CONTENTS)

    client.socket.close()

    wait_until(lambda: parts.gone == [slow], "gone")


def test_an_unforeseen_failure_for_one_does_not_end_it_for_all(small_window: Parts) -> None:
    parts = small_window
    _, client, _ = read_up_to_history(parts)
    parts.log.fault = ValueError("an entry that nobody foresaw")
    parts.log.gate.set()
    let_others_run()
    parts.log.fault = None

    _, other = parts.connect_behind(CONTENTS)

    assert other.texts(600) == CONTENTS
    client.socket.close()
