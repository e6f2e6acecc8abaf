"""Messages that one connection is not to get: all others get them, and it gets all else."""

from typing import Any

import pytest

from common.page import Page
from tests.support.parts import SMALL, Parts, Peer, numbered
from tests.support.websocket import PING, TEXT
from ws_server.clients.beginning import Beginning
from ws_server.clients.connection import Connection
from ws_server.door.listen import Listen

Pushed = tuple[bytes, tuple[str, ...], Connection | None]


def publish(parts: Parts, *messages: Pushed) -> Page:
    """Each a content, its recipients, and who is not to get it."""
    contents, names, excepted = zip(*messages, strict=True)
    ids = [each.id.encode() if each is not None else b"" for each in excepted]
    page = parts.log.write(*contents, recipients=list(names), excepts=ids)
    parts.hub.publish(page)
    return page


def noting(writes: list[bytes], put: Any) -> Any:
    """Puts as `put` does, and notes what."""

    def noted(data: bytes) -> Any:
        writes.append(data)
        return put(data)

    return noted


def listening(*channels: str) -> Listen:
    return Listen(channels=frozenset(channels))


def test_all_but_one_get_it_in_one_write_each(parts: Parts) -> None:
    clients = [parts.connect() for _ in range(5)]
    sender, page = clients[0]
    writes: list[bytes] = []
    for connection, _ in clients[1:]:
        connection.put = noting(writes, connection.put)

    publish(parts, (b"1", (), None), (b"2", (), sender), (b"3", (), None))

    assert page.texts(2) == [b"1", b"3"]
    assert page.has_nothing()
    assert all(client.texts(3) == [b"1", b"2", b"3"] for _, client in clients[1:])
    assert len(writes) == 4
    assert all(each is writes[0] for each in writes)
    assert parts.hub.tally.deliveries == 4 * 3 + 2


def test_who_gets_nothing_else_is_where_the_others_are(parts: Parts) -> None:
    (sender, client), (other, _) = parts.connect(), parts.connect()

    publish(parts, (b"1", (), sender))

    assert client.has_nothing()
    assert sender.cursor == other.cursor == parts.hub.mark.id
    assert parts.hub.tally.deliveries == 1


@pytest.mark.parametrize("count", [1, 50])
def test_among_the_listeners_of_a_channel_it_is_the_same(parts: Parts, count: int) -> None:
    sender, page = parts.connect(listen=listening("a"))
    others = [parts.connect(listen=listening("a"))[1] for _ in range(count)]
    _, stranger = parts.connect(listen=listening("b"))

    publish(parts, (b"1", ("a",), sender), (b"2", ("a",), None), (b"3", ("b",), sender))

    assert page.texts(1) == [b"2"]
    assert page.has_nothing()
    assert [other.texts(2) for other in others] == [[b"1", b"2"]] * count
    assert stranger.texts(1) == [b"3"]
    assert parts.hub.tally.deliveries == 1 + 2 * count + 1


def test_each_message_may_be_for_all_but_another(parts: Parts) -> None:
    (first, one), (second, two) = parts.connect(), parts.connect(listen=listening("a"))

    publish(parts, (b"1", (), first), (b"2", ("a",), second), (b"3", (), second), (b"4", (), None))

    assert one.texts(2) == [b"3", b"4"]
    assert two.texts(2) == [b"1", b"4"]
    assert one.has_nothing()
    assert two.has_nothing()


@pytest.mark.parametrize("names", [(), ("a",)])
def test_one_who_is_gone_is_not_taken_for_another(parts: Parts, names: tuple[str, ...]) -> None:
    made = [parts.connect(listen=listening("a")) for _ in range(4)]
    (first, one), (gone, _), (next_, two), (_, three) = made
    parts.hub.sender.drop(gone)

    publish(parts, (b"1", names, gone), (b"2", names, next_), (b"3", names, first))

    assert one.texts(2) == [b"1", b"2"]
    assert two.texts(2) == [b"1", b"3"]
    assert three.texts(3) == [b"1", b"2", b"3"]
    assert parts.hub.tally.deliveries == 2 + 2 + 3


@pytest.mark.parametrize("id_", [b"7.1", b"0.0", b"99999999999999999999.1", b"x", b"\xff"])
def test_an_id_of_nobody_here_changes_nothing(parts: Parts, id_: bytes) -> None:
    _, client = parts.connect()

    parts.hub.publish(parts.log.write(b"1", excepts=[id_]))

    assert client.texts(1) == [b"1"]


def test_who_is_behind_does_not_get_it_either(parts: Parts) -> None:
    sender, page = parts.connect(SMALL)
    parts.publish(*numbered(600, 100))
    assert sender in parts.hub.clients.behind

    publish(parts, (b"mine", (), sender), (b"theirs", (), None))
    parts.start_catch_up()

    assert page.texts(601)[-2:] == [b"599 ".ljust(100, b"x"), b"theirs"]


def test_what_a_socket_takes_in_part_goes_on_without_it(parts: Parts) -> None:
    sender, page = parts.connect(SMALL)
    long = [each.ljust(40_000, b".") for each in (b"1", b"2", b"3")]

    publish(parts, (long[0], (), None), (long[1], (), sender), (long[2], (), None))
    assert sender in parts.hub.clients.behind
    parts.start_catch_up()

    assert page.texts(2) == [long[0], long[2]]


def test_who_comes_back_is_another_connection_and_gets_it(parts: Parts) -> None:
    sender, first = parts.connect(listen=Listen("json"))
    id_ = sender.id
    first.socket.close()
    page = publish(parts, (b"1", (), sender))

    again, client = parts.connect(listen=Listen("json"), beginning=Beginning(page.last - 1))
    parts.start_catch_up()

    assert [b'"content":"1"' in each for each in client.texts(2)] == [False, True]
    assert again.id != id_


def test_who_is_asked_to_confirm_confirms_all_the_same(parts: Parts) -> None:
    sender, page = parts.connect()
    _, client = parts.connect()
    parts.hub.confirming.want_until(float("inf"))

    publish(parts, (b"1", (), None), (b"2", (), sender))

    assert kinds(page, 2) == [TEXT, PING]
    assert kinds(client, 3) == [TEXT, TEXT, PING]
    assert page.has_nothing()
    assert sender.pinged == parts.hub.mark.id


def kinds(client: Peer, count: int) -> list[int]:
    return [opcode for opcode, _ in client.frames(count)]


def test_each_has_an_id_also_who_is_not_told(parts: Parts) -> None:
    (text, _), (events, _) = parts.connect(), parts.connect(listen=Listen(events=True))
    json_, client = parts.connect(listen=Listen("json"))

    assert f'"connection":"{json_.id}"'.encode() in client.texts(1)[0]
    assert len({text.id, events.id, json_.id}) == 3
    assert text.id == text.id
