"""To whom a message goes: channels, users, changes of both while messages flow, and kicks."""

import json
from collections.abc import Callable
from typing import Any

import gevent
import pytest

from common.message import parse_id
from common.page import Page
from tests.support.parts import SMALL, Parts, Peer, let_others_run, wait_until
from tests.support.websocket import CLOSE, PING, TEXT
from ws_server.clients import fan_out
from ws_server.clients.beginning import Beginning
from ws_server.clients.fan_out import CLOCK_EVERY
from ws_server.door.grant import Grant
from ws_server.door.listen import Listen
from ws_server.wire.close_codes import KICKED


def listening(*channels: str, form: str = "text", events: bool = False) -> Listen:
    return Listen(form, events=events, channels=frozenset(channels))


def publish(parts: Parts, *messages: tuple[bytes, tuple[str, ...]]) -> Page:
    """Contents, each with its recipients."""
    contents, recipients = zip(*messages, strict=True)
    page = parts.log.write(*contents, recipients=list(recipients))
    parts.hub.publish(page)
    return page


def test_each_client_gets_what_is_for_it_in_the_order_of_the_log(parts: Parts) -> None:
    listens = [listening(), listening("a"), listening("a.*"), listening("a", "user:1")]
    clients = [parts.connect(listen=each)[1] for each in listens]

    publish(
        parts, (b"1", ()), (b"2", ("a",)), (b"3", ("a.b", "c")), (b"4", ("user:1",)), (b"5", ())
    )

    wanted = [[b"1", b"5"], [b"1", b"2", b"5"], [b"1", b"3", b"5"], [b"1", b"2", b"4", b"5"]]
    assert [
        client.texts(len(texts)) for client, texts in zip(clients, wanted, strict=True)
    ] == wanted
    assert all(client.has_nothing() for client in clients)


def test_a_message_to_one_user_touches_nobody_else(parts: Parts) -> None:
    _, client = parts.connect(listen=listening("user:1"))
    touched: list[bytes] = []

    def note(data: Any, _flags: int = 0, /) -> int:
        touched.append(bytes(data))
        return len(touched[-1])

    for user in range(2, 9):
        other, _ = parts.connect(listen=listening(f"user:{user}"))
        other.put = note

    publish(parts, *[(b"%d" % number, ("user:1",)) for number in range(5)])

    assert len(client.texts(5)) == 5
    assert touched == []


def test_an_addressed_message_comes_under_the_name_that_its_listener_knows(parts: Parts) -> None:
    _, client = parts.connect(listen=listening("b", form="json"))

    publish(parts, (b"x", ("a", "b")))

    _welcome, message = map(json.loads, client.texts(2))
    assert message["channel"] == "b"


def test_a_full_socket_of_few_listeners_falls_behind(parts: Parts) -> None:
    full, client = parts.connect(listen=listening("a"))
    put = full.put

    def refuse(*_: object) -> int:
        raise BlockingIOError

    full.put = refuse
    publish(parts, (b"1", ("a",)), (b"2", ("b",)), (b"3", ("a",)))
    assert parts.hub.clients.behind == {full}

    full.put = put
    parts.start_catch_up()
    assert client.texts(2) == [b"1", b"3"]


def test_one_of_few_listeners_that_is_gone_is_dropped(parts: Parts) -> None:
    gone, peer = parts.connect(listen=listening("a"))
    _, client = parts.connect(listen=listening("a"))
    peer.socket.close()

    publish(parts, (b"1", ("a",)))

    assert parts.gone == [gone]
    assert client.texts(1) == [b"1"]


def test_one_of_few_listeners_that_is_ahead_of_this_process_gets_nothing_twice(
    parts: Parts,
) -> None:
    page = parts.log.write(b"1", b"2", recipients=[("a",), ("a",)])
    beginning = Beginning(parse_id(page.ids[0]))
    _, client = parts.connect(listen=listening("a"), beginning=beginning)
    parts.start_catch_up()

    parts.hub.publish(page)

    assert client.texts(1) == [b"2"]
    assert client.has_nothing()


def test_a_quiet_client_misses_nothing_of_what_comes_for_it_later(parts: Parts) -> None:
    _, client = parts.connect(listen=listening("a"))
    for number in range(700):
        publish(parts, (b"%d" % number, ("b",)))

    publish(parts, (b"mine", ("a",)), (b"all", ()))

    assert client.texts(2) == [b"mine", b"all"]


def test_a_quiet_client_that_falls_behind_does_not_go_back_to_what_is_long_gone(
    small_window: Parts,
) -> None:
    parts = small_window
    parts.start_catch_up()
    quiet, client = parts.connect(SMALL, listening("a"))
    publish(parts, *[(b"not for it", ("b",))] * 100)
    parts.log.forgotten = parts.log.last_id()

    quiet.send(b"x" * 4 * SMALL)
    publish(parts, (b"mine", ("a",)))
    client.frame()

    assert client.texts(1) == [b"mine"]


@pytest.mark.parametrize("window", ["parts", "small_window"])
def test_whoever_catches_up_gets_what_is_for_it_only(
    window: str, request: pytest.FixtureRequest
) -> None:
    parts: Parts = request.getfixturevalue(window)
    recipients: list[tuple[str, ...]] = [(), ("a",), ("b",)]
    publish(parts, *[(b"%d" % at, recipients[at % 3]) for at in range(1500)])
    _, all_of_it = parts.connect(
        listen=Listen(channels=frozenset(["a", "b"])), beginning=Beginning(cursor=0)
    )
    _, some = parts.connect(
        listen=Listen(channels=frozenset(["a"])), beginning=Beginning(cursor=300 << 64)
    )
    _, little = parts.connect(beginning=Beginning(cursor=1400 << 64))
    parts.start_catch_up()

    assert all_of_it.texts(1500) == [b"%d" % at for at in range(1500)]
    assert some.texts(800) == [b"%d" % at for at in range(300, 1500) if at % 3 < 2]
    assert little.texts(33) == [b"%d" % at for at in range(1400, 1500) if at % 3 == 0]


def test_clients_of_one_audience_share_pages_of_history(small_window: Parts) -> None:
    parts = small_window
    publish(parts, *[(b"x", ("a", "b"))] * 600)
    publish(parts, (b"last", ("a", "b")))
    clients = [
        parts.connect(listen=Listen(channels=frozenset([channel])), beginning=Beginning(cursor=0))[
            1
        ]
        for channel in ("a", "b", "a", "b")
    ]
    parts.start_catch_up()

    assert all(client.texts(601)[-1] == b"last" for client in clients)
    # 16, 64, 256 and the rest: nobody knows at first how large they are.
    assert len(parts.log.history_reads) == 4


# Changes


def test_a_live_client_listens_to_other_channels_from_one_place_on(parts: Parts) -> None:
    connection, client = parts.connect(listen=listening("a"))
    publish(parts, (b"a1", ("a",)), (b"b1", ("b",)))

    at = parts.hub.subscribe(connection, frozenset(["b"]))
    publish(parts, (b"a2", ("a",)), (b"b2", ("b",)))

    assert at.id == 2 << 64
    assert client.texts(2) == [b"a1", b"b2"]
    assert client.has_nothing()


def test_a_change_during_a_fan_out_counts_for_the_chunk_that_is_not_sent_yet(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "SLICE", 0)
    parts.start_catch_up()
    for _ in range(CLOCK_EVERY):
        parts.connect()
    late, client = parts.connect(listen=listening("a"))
    publish(parts, (b"0", ()))
    publishing = gevent.spawn(publish, parts, (b"1", ()), (b"2", ("b",)), (b"3", ()))
    gevent.sleep(0)

    at = parts.hub.subscribe(late, frozenset(["b"]))
    publishing.join()

    assert at.id == 1 << 64
    assert client.texts(4) == [b"0", b"1", b"2", b"3"]


def test_a_change_in_the_middle_of_a_long_frame_waits_for_its_end(parts: Parts) -> None:
    connection, client = parts.connect(SMALL, listening("a"))
    long = b"x" * 100_000
    publish(parts, (long, ("a",)), (b"a1", ("a",)), (b"b1", ("b",)))
    assert connection.owed is not None
    assert connection.owed.skip
    seen: list[int] = []

    def change() -> None:
        seen.append(parts.hub.subscribe(connection, frozenset(["b"])).id)
        connection.send("changed")

    parts.hub.sender.between_frames(connection, change)
    assert seen == []
    parts.start_catch_up()

    assert client.texts(3) == [long, b"changed", b"b1"]
    assert seen == [1 << 64]
    assert client.has_nothing()


def test_nothing_more_is_read_from_a_client_whose_change_waits(parts: Parts) -> None:
    connection, client = parts.connect(SMALL)
    publish(parts, (b"x" * 100_000, ()))
    parts.hub.sender.between_frames(connection, lambda: None)

    client.send(b"more commands")
    let_others_run()
    assert parts.readable == []

    parts.start_catch_up()
    client.texts(1)
    wait_until(lambda: parts.readable == [connection], "read again")


# What a quiet client is told, so that it can resume


def told_ids(client: Peer) -> list[str]:
    frames = [payload for opcode, payload in client.frames(2) if opcode == TEXT]
    return [row["id"] for row in map(json.loads, frames) if row["type"] == "cursor"]


def test_a_ping_tells_a_quiet_json_client_of_a_newer_id(parts: Parts) -> None:
    connection, client = parts.connect(listen=listening("a", form="json"))
    client.texts(1)
    publish(parts, *[(b"not for it", ("b",))] * 3)

    parts.hub.sender.ping(connection)
    parts.hub.sender.ping(connection)

    assert told_ids(client) == ["e1-3-0"]
    assert client.frame() == (PING, b"")
    assert client.has_nothing()


def test_a_ping_tells_a_quiet_event_source_of_a_newer_id(parts: Parts) -> None:
    connection, client = parts.connect(listen=listening("a", events=True))
    publish(parts, (b"not for it", ("b",)))

    parts.hub.sender.ping(connection)
    parts.hub.sender.close(connection, KICKED)

    assert client.stream().endswith(b"\n\nid: e1-1-0\n\n")


# Kicks


def kick(user: str) -> tuple[bytes, tuple[str, ...]]:
    return b"", (f"!{user}",)


@pytest.fixture
def as_user(parts: Parts) -> Callable[[str, str], Peer]:
    def connect(user: str, form: str = "text") -> Peer:
        grant = Grant(user)
        return parts.connect(listen=Listen(format=form, channels=grant.own, grant=grant))[1]

    return connect


def test_a_kick_closes_all_connections_of_its_user_after_what_was_pushed_before(
    parts: Parts, as_user: Callable[..., Peer]
) -> None:
    kicked, other = [as_user("1"), as_user("1"), as_user("1", "json")], as_user("11")

    publish(parts, (b"before", ("user:1",)), kick("1"), (b"after", ()))

    for client in kicked:
        frames = client.rest()
        assert b"before" in frames[-2][1]
        assert frames[-1][0] == CLOSE
        assert int.from_bytes(frames[-1][1][:2]) == KICKED.code
    assert other.texts(1) == [b"after"]
    assert other.has_nothing()


def test_a_kick_is_not_repeated_for_who_comes_back_and_resumes(parts: Parts) -> None:
    publish(parts, (b"1", ()), kick("1"), (b"2", ()))
    parts.start_catch_up()
    grant = Grant("1")

    _, client = parts.connect(
        listen=Listen(channels=grant.own, grant=grant), beginning=Beginning(cursor=0)
    )

    assert client.texts(2) == [b"1", b"2"]
    assert client.has_nothing()


def test_a_kick_ends_a_client_that_is_behind(parts: Parts) -> None:
    grant = Grant("1")
    slow, client = parts.connect(SMALL, listen=Listen(channels=grant.own, grant=grant))
    publish(parts, (b"x" * 100_000, ("user:1",)))
    assert slow.owed is not None

    publish(parts, kick("1"))
    parts.start_catch_up()

    assert client.close_code() == KICKED.code


def test_a_kick_is_carried_out_even_if_its_page_is_cut_short(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, as_user: Callable[..., Peer]
) -> None:
    client = as_user("1")
    parts.start_catch_up()
    page = parts.log.write(b"before", b"", b"after", recipients=[(), ("!1",), ()])

    def stop(*_: object) -> None:
        raise gevent.Timeout(1)

    monkeypatch.setattr(fan_out.FanOut, "send", stop)
    with pytest.raises(gevent.Timeout):
        parts.hub.publish(page)

    assert client.close_code() == KICKED.code


# What must not go wrong in the middle


def test_a_long_frame_is_not_begun_anew_where_a_page_ends_before_it(small_window: Parts) -> None:
    """It lies long after the last message that its client got; another reads the log in between."""
    parts = small_window
    long = b"L" * 200_000
    messages: list[tuple[bytes, tuple[str, ...]]] = [
        ((b"%d" % number).ljust(100), ("b",)) for number in range(1, 1200)
    ]
    messages[649] = (long, ("a",))
    publish(parts, *messages)
    publish(parts, (b"last", ()))
    slow, client = parts.connect(
        SMALL, listen=Listen(channels=frozenset(["a"])), beginning=Beginning(cursor=550 << 64)
    )
    parts.start_catch_up()
    wait_until(lambda: slow.owed is not None and slow.owed.skip > 0, "in the middle")

    _, other = parts.connect(
        SMALL, listen=Listen(channels=frozenset(["b"])), beginning=Beginning(cursor=100 << 64)
    )
    other.texts(1)
    let_others_run()

    assert client.texts(2) == [long, b"last"]


def test_channels_that_are_given_up_while_redis_is_asked_send_nothing_more(
    small_window: Parts,
) -> None:
    parts = small_window
    publish(parts, (b"a1", ("a",)), (b"b1", ("b",)))
    publish(parts, (b"last", ()))
    parts.log.gate.clear()
    connection, client = parts.connect(
        listen=Listen(channels=frozenset(["a"])), beginning=Beginning(cursor=0)
    )
    parts.start_catch_up()
    parts.log.waited_for.wait()

    parts.hub.subscribe(connection, frozenset(["b"]))
    parts.log.gate.set()

    assert client.texts(2) == [b"b1", b"last"]


def test_whoever_is_gone_subscribes_to_nothing(parts: Parts) -> None:
    connection, _ = parts.connect(listen=listening("a"))
    parts.hub.sender.drop(connection)

    parts.hub.subscribe(connection, frozenset(["b"]))

    assert connection.channels == {"a"}


def test_the_event_loop_has_its_turns_between_large_audiences(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes less than a slice of the loop's time; all together take many."""
    now = [0.0]

    def clock() -> float:
        now[0] += fan_out.SLICE * 0.4  # Per look at it: one at a begin, one after each part.
        return now[0]

    monkeypatch.setattr(fan_out, "perf_counter", clock)
    for number in range(10):
        for _ in range(CLOCK_EVERY + 1):
            parts.connect(listen=listening(f"c{number}"))
    turns: list[int] = []

    def note() -> None:
        while True:
            turns.append(1)
            gevent.sleep(0)

    gevent.spawn(note)

    publish(parts, *[(b"x", (f"c{number}",)) for number in range(10)])

    assert len(turns) >= 5
