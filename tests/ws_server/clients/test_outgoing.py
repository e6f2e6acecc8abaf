"""The same bytes for many sockets: what arrives is the same whether they are copied or lent."""

import errno
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.parts import SMALL, Parts, numbered, wait_until
from ws_server.clients import outgoing as module
from ws_server.clients.outgoing import KEPT, KEPT_BYTES, LENT_BYTES, LENT_TIMES, Outgoing

LONG = bytes(range(256)) * (LENT_BYTES // 256)


def refuse(*_: object) -> int:
    raise OSError(errno.EINVAL, "Invalid argument")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes each memory that is made to lend from."""
    made: list[str] = []
    create = os.memfd_create

    def create_and_note(name: str) -> int:
        made.append(name)
        return create(name)

    monkeypatch.setattr(os, "memfd_create", create_and_note)
    return made


@pytest.fixture
def outgoing() -> Iterator[Outgoing]:
    outgoing = Outgoing()
    yield outgoing
    outgoing.forget()


@pytest.mark.parametrize(
    ("data", "times", "is_lent"),
    [(LONG, LENT_TIMES, True), (LONG[1:], LENT_TIMES, False), (LONG, LENT_TIMES - 1, False)],
)
def test_what_is_long_and_for_many_is_lent(
    data: bytes, times: int, is_lent: bool, outgoing: Outgoing, parts: Parts, made: list[str]
) -> None:
    connection, peer = parts.connect()

    put = outgoing.for_all(data, times)
    taken = put(connection) + put(connection)

    assert bool(made) == is_lent
    assert taken == 2 * len(data)
    assert peer.take(taken) == data + data


@pytest.mark.parametrize("times", [1, LENT_TIMES])
def test_a_full_socket_takes_a_part_and_then_nothing(
    times: int, outgoing: Outgoing, parts: Parts
) -> None:
    connection, peer = parts.connect(SMALL)
    data = LONG * 8  # What is lent is counted by the 64 KiB.

    put = outgoing.for_all(data, times)
    taken = put(connection)
    with pytest.raises(BlockingIOError):
        put(connection)
    assert outgoing.put_part(connection, data, taken, len(data)) == 0

    assert 0 < taken < len(data)
    assert peer.take(taken) == data[:taken]


@pytest.mark.parametrize("times", [1, LENT_TIMES])
def test_a_client_that_is_gone_is_an_error(times: int, outgoing: Outgoing, parts: Parts) -> None:
    connection, peer = parts.connect()
    peer.socket.close()

    with pytest.raises(BrokenPipeError):
        outgoing.for_all(LONG, times)(connection)
    with pytest.raises(BrokenPipeError):
        outgoing.put_part(connection, LONG, 0, len(LONG))


def write_a_part(file: int, data: bytes) -> int:
    return os.pwrite(file, data[:1000], 0)


@pytest.mark.parametrize(
    ("where", "name", "instead"),
    [
        (module, "CAN_LEND", False),
        (os, "memfd_create", refuse),
        (os, "write", refuse),
        (os, "write", write_a_part),
        (os, "sendfile", refuse),
    ],
)
def test_where_the_system_cannot_lend_it_is_copied(
    where: Any,
    name: str,
    instead: object,
    outgoing: Outgoing,
    parts: Parts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection, peer = parts.connect()
    monkeypatch.setattr(where, name, instead)

    assert outgoing.for_all(LONG, LENT_TIMES)(connection) == len(LONG)
    assert outgoing.put_part(connection, LONG, 0, len(LONG)) == len(LONG)

    assert peer.take(2 * len(LONG)) == LONG + LONG


@pytest.mark.parametrize("refused", ["put", "sendfile"])
def test_a_part_of_what_was_lent_is_lent_again_or_copied(
    refused: str, outgoing: Outgoing, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, peer = parts.connect()
    data = LONG * 3
    outgoing.for_all(data, LENT_TIMES)
    monkeypatch.setattr(connection if refused == "put" else os, refused, refuse)

    assert outgoing.put_part(connection, data, 100, 100 + len(LONG)) == len(LONG)

    assert peer.take(len(LONG)) == data[100 : 100 + len(LONG)]
    assert peer.has_nothing()


def test_what_nobody_will_ask_for_is_not_kept(
    outgoing: Outgoing, parts: Parts, made: list[str]
) -> None:
    connection, _ = parts.connect()

    for _ in range(2):
        outgoing.for_all(LONG, LENT_TIMES, keep=False)(connection)

    assert len(made) == 2


def test_the_same_bytes_are_made_ready_once(outgoing: Outgoing, made: list[str]) -> None:
    for _ in range(3):
        outgoing.for_all(LONG, LENT_TIMES)

    assert len(made) == 1


def test_what_was_lent_is_kept_up_to_a_bound(outgoing: Outgoing, made: list[str]) -> None:
    before = len(os.listdir("/proc/self/fd"))

    some = [LONG + bytes([number]) for number in range(2 * KEPT)]
    for data in some:
        outgoing.for_all(data, LENT_TIMES)
    assert len(os.listdir("/proc/self/fd")) == before + KEPT
    outgoing.for_all(some[-1], LENT_TIMES)  # The newest are those that are kept.
    assert len(made) == len(some)

    outgoing.for_all(bytes(KEPT_BYTES), LENT_TIMES)
    assert len(os.listdir("/proc/self/fd")) == before + 1
    outgoing.for_all(bytes(KEPT_BYTES + 1), LENT_TIMES)
    assert len(os.listdir("/proc/self/fd")) == before

    outgoing.for_all(LONG, LENT_TIMES)
    outgoing.forget()
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_is_under_way_outlives_the_bound(outgoing: Outgoing, parts: Parts) -> None:
    connection, peer = parts.connect()

    put = outgoing.for_all(LONG, LENT_TIMES)
    outgoing.forget()

    assert put(connection) == len(LONG)
    assert peer.take(len(LONG)) == LONG


def test_a_fan_out_that_lends_leaves_nobody_out(parts: Parts, made: list[str]) -> None:
    parts.start_catch_up()
    fast = [parts.connect()[1] for _ in range(LENT_TIMES)]
    slow = [parts.connect(SMALL) for _ in range(3)]
    contents = numbered(200, size=500)

    for start in (0, 100):
        parts.publish(*contents[start : start + 100])
        assert all(peer.texts(100) == contents[start : start + 100] for peer in fast)

    assert len(made) == 2
    assert parts.hub.behind == {connection for connection, _ in slow}
    assert all(peer.texts(200) == contents for _, peer in slow)
    wait_until(lambda: not parts.hub.behind, "all live again")
