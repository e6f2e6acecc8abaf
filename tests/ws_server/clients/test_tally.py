"""Deliveries are counted for each message and client that gets it, whatever it listens to."""

from common.message import Mark
from tests.support.parts import Parts, numbered, wait_until
from ws_server.clients.beginning import Beginning
from ws_server.door.listen import Listen
from ws_server.wire.close_codes import KICKED, TRY_AGAIN, CloseCode
from ws_server.wire.frames import frame
from ws_server.wire.gap_reasons import TOO_OLD


def listening(*channels: str) -> Listen:
    return Listen("json", channels=frozenset(channels))


def deliveries(parts: Parts, *pushed: tuple[bytes, tuple[str, ...]]) -> int:
    before = parts.hub.tally.deliveries
    contents, recipients = zip(*pushed, strict=True)
    parts.hub.publish(parts.log.write(*contents, recipients=recipients))
    return parts.hub.tally.deliveries - before


def test_messages_for_everybody_and_for_some_are_counted(parts: Parts) -> None:
    for _ in range(3):
        parts.connect()
    for _ in range(2):
        parts.connect(listen=listening("orders"))
    for _ in range(40):  # More than are sent one by one.
        parts.connect(listen=listening("news"))

    assert deliveries(parts, (b"a", ())) == 45
    assert deliveries(parts, (b"a", ("orders",))) == 2
    assert deliveries(parts, (b"a", ("news",))) == 40
    assert deliveries(parts, (b"a", ()), (b"b", ("orders",)), (b"c", ("news",))) == 45 + 2 + 40
    assert parts.hub.tally.sent == 6


def test_the_bytes_are_those_that_sockets_took(parts: Parts) -> None:
    _, everybody = parts.connect()
    _, some = parts.connect(listen=listening("orders"))
    parts.publish(b"a" * 1000)
    parts.hub.publish(parts.log.write(b"a", b"b", recipients=[("orders",), ()]))
    tally = parts.hub.tally

    some.frame()  # The welcome.
    frames = [*everybody.frames(2), *some.frames(3)]

    assert tally.bytes == sum(len(frame(opcode, data)) for opcode, data in frames)


def test_what_a_slow_client_reads_later_is_among_the_bytes(parts: Parts) -> None:
    parts.start_catch_up()
    _, client = parts.connect_behind(numbered(500, 1000))
    before = parts.hub.tally.bytes
    client.texts(500)

    wait_until(lambda: not parts.hub.clients.behind, "all is read")

    assert before < parts.hub.tally.bytes == 500 * 1004


def test_each_end_of_a_connection_is_counted_once(parts: Parts) -> None:
    sender, closes = parts.hub.sender, parts.hub.tally.closes
    kicked, gone, stream, odd = (
        parts.connect(listen=listen)[0]
        for listen in (Listen(), Listen("json"), Listen("json", events=True), Listen())
    )
    for _ in range(2):
        sender.close(kicked, KICKED)
        sender.drop(gone)
        sender.drop(stream)
        sender.close(odd, CloseCode(3456))
    for connection in (kicked, odd):
        sender.drop(connection)

    assert closes == {"4003": 1, "1006": 1, "stream": 1, "other": 1}


def test_who_comes_back_is_counted_by_what_is_missing_and_so_are_gaps(parts: Parts) -> None:
    back = Listen("json", last_id="x")
    parts.connect()
    parts.connect(listen=back)
    parts.connect(listen=back, beginning=Beginning(asked="x", missing=TOO_OLD))
    parts.connect(listen=back, beginning=Beginning(refused=TRY_AGAIN))

    assert parts.hub.tally.resumes == {"complete": 1, "too_old": 1, "refused": 1}
    assert parts.hub.tally.gaps == {"too_old": 1}


def test_a_loss_is_a_gap_of_all_who_can_be_told_or_are_closed(parts: Parts) -> None:
    parts.connect(listen=Listen("json"))
    parts.connect()  # In text it cannot be told, but has everything that was lost.
    parts.publish(b"a")

    parts.hub.rewind(Mark("1", 0), kept=0)
    assert parts.hub.tally.gaps == {"lost": 1}

    parts.hub.rewind(Mark("1", 7 << 64))
    assert parts.hub.tally.gaps == {"lost": 1, "too_old": 2}


def test_each_part_that_is_sent_has_its_time_and_its_size(parts: Parts) -> None:
    parts.connect()
    parts.publish(*numbered(600))
    tally = parts.hub.tally

    assert [sum(each.counts) for each in (tally.fan_out, tally.chunk, tally.written)] == [2, 2, 2]
    assert tally.chunk.total == 600
