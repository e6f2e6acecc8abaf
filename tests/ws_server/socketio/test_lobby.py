"""Clients that have not said yet who they are."""

from time import monotonic

import pytest

from common.message import Mark
from tests.support.parts import Peer, wait_until
from tests.support.processes import free_port
from tests.support.running import Running, leaving, stop
from tests.support.socketio_talk import Talk, build, packet
from tests.support.websocket import CLOSE, TEXT, frame
from ws_server.clients.sender import CLOSE_TIMEOUT
from ws_server.door.listen import Listen
from ws_server.door.policy import Policy
from ws_server.door.socketio_listen import LOBBY
from ws_server.socketio.lobby import MOST_SAID, PATIENCE, Lobby
from ws_server.wire.close_codes import GOING_AWAY
from ws_server.wire.gap_reasons import UNKNOWN

PORT = free_port()


def lobby_of(running: Running) -> Lobby:
    found = running.service.newcomers.lobbies[LOBBY]
    assert isinstance(found, Lobby)
    return found


def here(running: Running) -> int:
    return len(running.service.newcomers.census)


def leave(peer: Peer, running: Running) -> None:
    """It has been told why, and ends the connection."""
    peer.socket.close()
    wait_until(lambda: (here(running), len(lobby_of(running))) == (0, 0), "it is forgotten")


def test_who_has_not_entered_counts_and_is_sent_nothing(running: Running) -> None:
    build(running, max_connections=1)

    talk = Talk(running)
    running.log.push(b"a")

    assert talk.opening["upgrades"] == []
    assert talk.opening["maxPayload"] == 1000
    assert talk.peer.has_nothing()
    assert (here(running), running.service.newcomers.census.is_full) == (1, True)
    assert running.service.hub.connections == []
    assert "connect" not in running.worker.events


def test_who_enters_is_a_client_and_counts_once(running: Running) -> None:
    build(running)
    talk = Talk(running)

    told = talk.enter(channels=["news"])
    running.log.push(b"all")
    running.log.push(b"news", recipients=[("news",)])

    (connection,) = running.service.hub.connections
    assert told["sid"] == connection.id
    assert [talk.hear("42")[:2] for _ in range(2)] == [["message", "all"], ["message", "news"]]
    assert (here(running), len(lobby_of(running))) == (1, 0)


def test_what_came_with_the_packet_that_enters_is_read_after_it(running: Running) -> None:
    build(running)
    said = frame(TEXT, b"40") + frame(TEXT, packet("421", ["subscribe", ["a"]]))

    talk = Talk(running, said[:3])
    talk.peer.send(said[3:-2])
    talk.hear("40")
    talk.peer.send(said[-2:])

    assert talk.hear("431")[0]["channels"] == ["a"]


def test_who_is_refused_may_try_again_but_not_for_ever(running: Running) -> None:
    build(running)
    talk = Talk(running)

    for _ in range(MOST_SAID - 1):
        talk.say("40", {"channels": ["no name"]})
        assert talk.hear("44")["data"] == {"error": "bad_channel"}
    talk.say("40/admin,")
    assert talk.hear("44/admin,") == {"message": "Invalid namespace"}

    assert talk.peer.close_code() == 1002
    leave(talk.peer, running)
    assert running.service.hub.tally.accepts["bad_channel"] == MOST_SAID - 1


def test_a_better_packet_lets_it_in(running: Running) -> None:
    build(running)
    talk = Talk(running)

    talk.say("40", {"channels": 7})
    talk.hear("44")
    talk.say("2probe")
    assert talk.peer.texts(1) == [b"3probe"]
    talk.say("3")

    assert talk.enter()["pid"]


@pytest.mark.parametrize(
    ("opcode", "said", "code"),
    [
        (TEXT, b"abc", 1002),
        (TEXT, b'42["chat"]', 1002),
        (TEXT, b"41", 1000),
        (2, b"40", 1002),
        (CLOSE, b"\x03\xe8", 1000),
        (TEXT, b"40" + b" " * 2000, 1009),
        (TEXT, b'40"text"', 1002),
        (TEXT, b"40[1]", 1002),
        (TEXT, b"40null", 1002),
        (TEXT, b"40" + b'{"a":' * 190, 1002),
        (TEXT, b'451-["chat",{"_placeholder":true,"num":0}]', 1002),
    ],
)
def test_whoever_says_anything_else_is_closed(
    running: Running, opcode: int, said: bytes, code: int
) -> None:
    build(running)
    talk = Talk(running)

    talk.peer.send(frame(opcode, said))

    assert talk.peer.close_code() == code
    leave(talk.peer, running)


def test_who_is_closed_may_still_be_talking_and_is_told_why(running: Running) -> None:
    build(running)
    told, peer = running.peers.make_tcp(PORT)
    running.service.newcomers.adopt(told, b"", Listen(format=LOBBY))
    peer.texts(1)

    peer.send(frame(TEXT, b"9") + b"x" * 100_000)

    assert peer.close_code() == 1002
    assert here(running) == 1
    leave(peer, running)


def test_who_enters_too_late_is_closed_and_cut_off_if_it_stays(running: Running) -> None:
    build(running)
    talk = Talk(running)
    lobby = lobby_of(running)

    lobby.send_away(monotonic() + PATIENCE / 2)
    assert len(lobby) == 1
    lobby.send_away(monotonic() + PATIENCE + 1)

    assert talk.peer.close_code() == 1002
    talk.peer.send(frame(TEXT, b"40"))
    lobby.send_away(monotonic() + CLOSE_TIMEOUT / 2)
    assert len(lobby) == 1
    lobby.send_away(monotonic() + CLOSE_TIMEOUT + 1)
    assert (here(running), len(lobby)) == (0, 0)


def test_who_leaves_is_forgotten(running: Running) -> None:
    build(running, policy=Policy(socket_io=True), connections_per_address=1)
    talk = Talk(running, listen=Listen(format=LOBBY, address="::1"))
    assert running.service.newcomers.is_crowded("::1")

    talk.peer.socket.close()
    wait_until(lambda: here(running) == 0, "it is forgotten")
    assert not running.service.newcomers.is_crowded("::1")


def test_at_a_stop_they_are_told_and_so_are_those_who_still_come(running: Running) -> None:
    build(running)
    told = leaving(Talk(running).peer)

    stop(running)

    assert told.get()[-1] == (CLOSE, (1001).to_bytes(2) + GOING_AWAY.reason.encode())
    assert running.connect(listen=Listen(format=LOBBY)).close_code() == 1001


def test_it_goes_on_where_it_was(running: Running) -> None:
    build(running)
    first = Talk(running)
    pid = first.enter()["pid"]
    running.log.push(b"0")
    offset = first.hear("42")[2]
    running.log.push(b"1")
    first.hear("42")

    second = Talk(running)
    assert second.enter(pid=pid, offset=offset)["pid"] == pid
    assert second.hear("42")[1] == "1"
    third = Talk(running)
    assert third.enter(pid=pid)["pid"] == pid
    assert [third.hear("42")[1] for _ in range(2)] == ["0", "1"]
    assert Mark.parse(offset) is not None


def test_where_the_log_does_not_reach_back_the_session_is_another_and_the_gap_is_told(
    running: Running,
) -> None:
    build(running)
    talk = Talk(running)

    told = talk.enter(pid="1.2~~1-5-0", offset="chat")

    assert told["pid"] not in ("", "1.2~~1-5-0")
    name, fields, offset = talk.hear("42")
    assert (name, fields["reason"]) == ("message-center:gap", UNKNOWN)
    assert told["pid"].endswith(f"~{offset}")
