"""How a reader speaks Socket.IO, and that nothing wrong on the wire passes for a message."""

import json

import pytest

from chaos.content import content
from chaos.records import Broken, Gap, Read, Record, Welcome
from chaos.socketio import ANOTHER, SocketIO
from ws_server.wire.frames import TEXT, frame

OPENING = '0{"sid":"a"}'
UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
PIECE = 7  # Bytes.


def decoded(*packets: str, last_id: str = "") -> tuple[list[Record], bytes]:
    """What comes of these packets, and what is said to them."""
    decoder = SocketIO()
    decoder.request(2345, last_id)
    data = UPGRADED + b"".join(frame(TEXT, each.encode()) for each in (OPENING, *packets))
    pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
    return [record for each in pieces for record in decoder.receive(each)], decoder.answer()


def entered(pid: str) -> str:
    return "40" + json.dumps({"sid": "1.2", "pid": pid})


def event(name: str, told: object, id_: str | None = None) -> str:
    return "42" + json.dumps([name, told, id_])


def gap(id_: str, after: str) -> str:
    return event("message-center:gap", {"id": id_, "after": after, "reason": "lost"}, id_)


def test_it_enters_answers_pings_and_reads_messages() -> None:
    records, said = decoded(entered("1.2~~e-1-0"), "2", event("message", content("a-1"), "e-1-1"))

    assert records == [Welcome("e-1-0", complete=True), Read("e-1-1", "a-1")]
    assert said.count(b"\x81") >= 2


def test_it_asks_at_the_path_of_socket_io() -> None:
    asked = SocketIO().request(2345, "")

    assert asked.startswith(b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ")
    assert b"Upgrade: websocket\r\n" in asked


def test_the_same_session_misses_nothing_and_another_one_is_a_gap() -> None:
    same, _ = decoded(entered("chaos~~e-1-1"), last_id="e-1-1")
    other, _ = decoded(entered("1.2~~f-9-0"), gap("f-9-0", "e-1-1"), last_id="e-1-1")
    later, _ = decoded(entered("1.2~~e-1-0"), gap("f-9-0", "e-1-0"))

    assert same == [Welcome("e-1-1", complete=True)]
    assert other == [Gap("f-9-0", "e-1-1", ANOTHER)]
    assert later[1:] == [Gap("f-9-0", "e-1-0", "lost")]


@pytest.mark.parametrize(
    "packet",
    [
        "9",
        "42{",
        "42[]",
        "40{}",
        event("price", content("a-1"), "e-1-1"),
        event("message", content("a-1")),
        event("message", 7, "e-1-1"),
    ],
)
def test_what_no_server_may_send_is_broken(packet: str) -> None:
    records, _ = decoded(packet)

    assert isinstance(records[0], Broken)


@pytest.mark.parametrize(
    "packet", [gap("f-9-1", "e-1-1"), event("message", content("a-1"), "f-9-1")]
)
def test_another_session_is_followed_by_its_gap(packet: str) -> None:
    records, _ = decoded(entered("1.2~~f-9-0"), packet, last_id="e-1-1")

    assert isinstance(records[1], Broken)
