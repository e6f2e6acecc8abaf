"""The same bytes for many sockets: what arrives is the same whether they are copied or lent."""

import errno
import os
from collections.abc import Iterator
from operator import methodcaller
from typing import Any

import pytest

from tests.support.parts import SMALL, Parts, numbered, wait_until
from ws_server.clients import lending as module
from ws_server.clients.fan_out import LENT_TIMES
from ws_server.clients.lending import KEPT, KEPT_BYTES, LENT_BYTES, Lender, Put

LONG = bytes(range(256)) * (LENT_BYTES // 256)


def refuse(*_: object) -> int:
    raise OSError(errno.EINVAL, "Invalid argument")


def put_of(lender: Lender, data: bytes, *, is_lent: bool = True, keep: bool = True) -> Put:
    """As `FanOut` puts it."""
    lent = lender.lend(data, keep=keep) if is_lent else None
    return methodcaller("put", data) if lent is None else lent


@pytest.fixture
def lender() -> Iterator[Lender]:
    lender = Lender()
    yield lender
    lender.give_back()


@pytest.mark.parametrize("is_lent", [False, True])
def test_a_full_socket_takes_a_part_and_then_nothing(
    is_lent: bool, lender: Lender, parts: Parts
) -> None:
    connection, peer = parts.connect(SMALL)
    data = LONG * 8  # What is lent is counted by the 64 KiB.

    put = put_of(lender, data, is_lent=is_lent)
    taken = put(connection)
    with pytest.raises(BlockingIOError):
        put(connection)
    assert lender.put_part(connection, data, taken, len(data)) == 0

    assert 0 < taken < len(data)
    assert peer.take(taken) == data[:taken]


@pytest.mark.parametrize("is_lent", [False, True])
def test_a_client_that_is_gone_is_an_error(is_lent: bool, lender: Lender, parts: Parts) -> None:
    connection, peer = parts.connect()
    peer.socket.close()

    with pytest.raises(BrokenPipeError):
        put_of(lender, LONG, is_lent=is_lent)(connection)
    with pytest.raises(BrokenPipeError):
        lender.put_part(connection, LONG, 0, len(LONG))


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
    lender: Lender,
    parts: Parts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection, peer = parts.connect()
    monkeypatch.setattr(where, name, instead)

    assert put_of(lender, LONG)(connection) == len(LONG)
    assert lender.put_part(connection, LONG, 0, len(LONG)) == len(LONG)

    assert peer.take(2 * len(LONG)) == LONG + LONG


@pytest.mark.parametrize("refused", ["put", "sendfile"])
def test_a_part_of_what_was_lent_is_lent_again_or_copied(
    refused: str, lender: Lender, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, peer = parts.connect()
    data = LONG * 3
    lender.lend(data)
    monkeypatch.setattr(connection if refused == "put" else os, refused, refuse)

    assert lender.put_part(connection, data, 100, 100 + len(LONG)) == len(LONG)

    assert peer.take(len(LONG)) == data[100 : 100 + len(LONG)]
    assert peer.has_nothing()


def test_what_nobody_will_ask_for_is_not_kept(
    lender: Lender, parts: Parts, made: list[str]
) -> None:
    connection, _ = parts.connect()

    for _ in range(2):
        put_of(lender, LONG, keep=False)(connection)

    assert len(made) == 2


def test_the_same_bytes_are_made_ready_once(lender: Lender, made: list[str]) -> None:
    for _ in range(3):
        lender.lend(LONG)

    assert len(made) == 1


def test_what_was_lent_is_kept_up_to_a_bound(lender: Lender, made: list[str]) -> None:
    before = len(os.listdir("/proc/self/fd"))

    some = [LONG + bytes([number]) for number in range(2 * KEPT)]
    for data in some:
        lender.lend(data)
    assert len(os.listdir("/proc/self/fd")) == before + KEPT
    lender.lend(some[-1])  # The newest are those that are kept.
    assert len(made) == len(some)

    lender.lend(bytes(KEPT_BYTES))
    assert len(os.listdir("/proc/self/fd")) == before + 1
    lender.lend(bytes(KEPT_BYTES + 1))
    assert len(os.listdir("/proc/self/fd")) == before

    lender.lend(LONG)
    lender.give_back()
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_is_under_way_outlives_the_bound(lender: Lender, parts: Parts) -> None:
    connection, peer = parts.connect()

    put = put_of(lender, LONG)
    lender.give_back()

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
    assert parts.hub.clients.behind == {connection for connection, _ in slow}
    assert all(peer.texts(200) == contents for _, peer in slow)
    wait_until(lambda: not parts.hub.clients.behind, "all live again")
