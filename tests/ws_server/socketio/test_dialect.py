"""What clients of Socket.IO ask for once they have entered."""

import json
from dataclasses import replace

import gevent
import jwt
import pytest

from config.settings import Settings
from tests.support.parts import SMALL, wait_until
from tests.support.places import FakePlaces
from tests.support.running import Noting, Running
from tests.support.socketio_talk import POLICY, Talk, build, packet
from tests.support.websocket import CLOSE, PING, PONG, TEXT, frame
from ws_server.clients.sender import PAUSE_OUTBOX
from ws_server.door.listen import Listen
from ws_server.door.socketio_listen import FORMAT_3
from ws_server.door.tokens import Tokens
from ws_server.remembering import Remembered

PINGS = b"\x81\x012" * 2
SECRET = "a secret that has 32 bytes or more"


def entered(running: Running, **auth: object) -> Talk:
    talk = Talk(running)
    talk.enter(**auth)
    return talk


def test_it_changes_its_channels_and_is_answered(running: Running) -> None:
    build(running)
    talk = entered(running, channels=["a"])

    talk.say("421", ["subscribe", ["b", "c.*"]])
    (told,) = talk.hear("431")
    assert (told["channels"], str(running.service.mark)) == (["a", "b", "c.*"], told["id"])
    talk.say("4222", ["unsubscribe", "a"])
    assert talk.hear("4322")[0]["channels"] == ["b", "c.*"]
    talk.say("42", ["subscribe", ["a"]])
    running.log.push(b"1", recipients=[("a",)])

    assert talk.hear("42")[:2] == ["message", "1"]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (["subscribe", ["no name"]], "bad_channel"),
        (["subscribe", ["a", "b", "c", "d"]], "too_many_channels"),
        (["subscribe", ["user:7"]], "channel_forbidden"),
        (["subscribe", [7]], "bad_channel"),
        (["subscribe"], "bad_command"),
        (["unsubscribe", ["a"], 1], "bad_command"),
        (["token", 7], "bad_command"),
        (["chat", "hello"], "bad_command"),
    ],
)
def test_what_cannot_be_is_refused_with_and_without_an_answer(
    running: Running, said: list[object], error: str
) -> None:
    build(running)
    talk = entered(running)

    talk.say("427", said)
    assert talk.hear("437")[0]["error"] == error
    talk.say("42", said)
    name, fields, offset = talk.hear("42")
    assert (name, fields["error"], offset) == ("message-center:error", error, None)


def test_a_newer_token_is_taken(running: Running) -> None:
    policy = replace(POLICY, tokens=Tokens(Settings(subscribe_secret=SECRET)))
    build(running, policy)
    first, second, other = (
        jwt.encode({"sub": user, "channels": names}, SECRET, "HS256")
        for user, names in (("7", ["a", "b"]), ("7", ["b"]), ("8", []))
    )
    talk = entered(running, token=first)

    talk.say("421", ["token", second])
    assert talk.hear("431")[0]["channels"] == ["b", "user:7"]
    talk.say("421", ["token", other])
    assert talk.hear("431")[0]["error"] == "bad_token"


def test_other_events_are_for_the_hook_if_there_is_one(running: Running) -> None:
    build(running, kind=Noting)
    talk = entered(running)

    talk.say("42", ["chat", "hello"])
    talk.say("421", ["subscribe", ["a"]])
    talk.hear("431")

    assert '42["chat", "hello"]' in running.worker.events


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("41", 1000),
        ("1", 1000),
        ("4abc", 1002),
        ("9", 1002),
        ("42{}", 1002),
        ('451-["chat",{"_placeholder":true,"num":0}]', 1002),
        ('4212345678901["subscribe","a"]', 1002),
        ('42["chat","%s"]' % ("x" * 1000), 1009),
    ],
)
def test_who_leaves_or_breaks_the_protocol_is_closed(
    running: Running, said: str, code: int
) -> None:
    build(running)
    talk = entered(running)

    talk.say(said)

    assert talk.peer.close_code() == code


def test_another_namespace_is_not_there(running: Running) -> None:
    build(running)
    talk = entered(running)

    talk.say("40/admin,")
    assert talk.hear("44/admin,") == {"message": "Invalid namespace"}
    for passed_over in ("40", "41/admin,", '42/admin,["subscribe",["a"]]', "3"):
        talk.say(passed_over)
    talk.say("2")
    assert talk.hear("3") is None


def test_who_asks_and_does_not_read_is_not_read_either_until_it_does(running: Running) -> None:
    build(running)
    talk = Talk(running, send_buffer=SMALL)
    talk.enter()
    (connection,) = running.service.hub.connections
    asked = packet("2" + "x" * 900)

    sending = gevent.spawn(talk.peer.send, frame(TEXT, asked) * 400)
    wait_until(lambda: connection.is_paused, "its answers wait")
    owed = connection.owed

    assert owed is not None
    assert len(owed.outbox) < 2 * PAUSE_OUTBOX
    assert {talk.peer.texts(1)[0] for _ in range(400)} == {b"3" + asked[1:]}
    sending.get()


def test_who_is_thrown_out_is_told_in_its_own_words(running: Running) -> None:
    policy = replace(POLICY, tokens=Tokens(Settings(subscribe_secret=SECRET)))
    build(running, policy)
    talk = entered(running, token=jwt.encode({"sub": "7"}, SECRET, "HS256"))

    running.service.hub.kick("7")

    (_, told), (opcode, close) = talk.peer.rest()
    assert (told, opcode, int.from_bytes(close[:2])) == (b"41", CLOSE, 4003)


def test_version_3_enters_with_its_handshake(running: Running) -> None:
    build(running)

    talk = Talk(running, listen=Listen(format=FORMAT_3, channels=frozenset(["a"])))

    assert talk.hear("40") is None
    (connection,) = running.service.hub.connections
    assert talk.opening["sid"] == connection.id
    running.log.push(b"1", recipients=[("a",)])
    assert talk.hear("42")[:2] == ["message", "1"]
    talk.say("2")
    assert talk.hear("3") is None


def test_what_waits_for_a_user_follows_when_it_has_entered(running: Running) -> None:
    running.remembered = Remembered(users=FakePlaces())
    policy = replace(POLICY, tokens=Tokens(Settings(subscribe_secret=SECRET)))
    build(running, policy)
    token = jwt.encode({"sub": "7"}, SECRET, "HS256")
    first = entered(running, token=token)
    first.peer.socket.close()
    wait_until(lambda: running.service.newcomers.are_gone, "it left")
    running.log.push(b"waits", recipients=[("user:7",)])
    wait_until(lambda: running.service.mark.id > 0, "it is sent")

    again = entered(running, token=token)

    assert again.hear("42")[:2] == ["message", "waits"]
    assert again.hear("42")[0] == "message-center:cursor"


def test_a_page_that_has_another_token_by_now_begins_anew_with_what_waits_for_its_user(
    running: Running,
) -> None:
    running.remembered = Remembered(users=FakePlaces())
    policy = replace(POLICY, tokens=Tokens(Settings(subscribe_secret=SECRET)))
    build(running, policy)
    of_7, of_8 = (jwt.encode({"sub": user}, SECRET, "HS256") for user in ("7", "8"))
    had = Talk(running)
    pid = had.enter(token=of_8)["pid"]
    had.peer.socket.close()
    wait_until(lambda: running.service.newcomers.are_gone, "it left")
    running.log.push(b"waits", recipients=[("user:8",)])
    talk = Talk(running)
    shown = {"pid": talk.enter(token=of_7)["pid"]}
    running.log.push(b"all")
    shown["offset"] = talk.hear("42")[2]

    again = Talk(running)

    assert again.enter(token=of_8, **shown)["pid"] not in (pid, shown["pid"])
    assert again.hear("42")[:2] == ["message", "waits"]


def test_a_client_that_is_behind_is_pinged_between_two_messages(running: Running) -> None:
    build(running, ping_interval=0.05, slow_client_seconds=60)
    talk = Talk(running, send_buffer=SMALL)
    talk.enter()
    for number in range(20):
        running.log.push(b"%d" % number + b" " * SMALL)
    (connection,) = running.service.hub.connections

    def has_pings() -> bool:
        return connection.owed is not None and connection.owed.outbox.endswith(PINGS)

    wait_until(has_pings, "it is behind, and pinged")
    heard = [talk.peer.texts(1)[0].decode()]
    while not heard[-1].startswith('42["message","19'):
        heard += [text.decode() for text in talk.peer.texts(1)]

    assert "2" in heard
    messages = [json.loads(each[2:]) for each in heard if each != "2"]
    assert [int(content) for _, content, _ in messages] == list(range(20))


def test_a_ping_that_asks_to_confirm_is_one_of_its_own_words_too(running: Running) -> None:
    build(running)
    talk = entered(running)
    (connection,) = running.service.hub.connections

    running.service.hub.sender.ping(connection, asks=True)

    assert talk.peer.frames(2) == [(TEXT, b"2"), (PING, str(running.service.mark).encode())]


def test_an_answer_to_a_ping_is_nothing_that_a_client_says_too_often(running: Running) -> None:
    build(running, client_messages_per_second=2)
    talk = entered(running)

    for _ in range(50):
        talk.say("3")
    talk.say("2")
    assert talk.hear("3") is None
    for _ in range(50):
        talk.say("2")

    assert talk.peer.close_code() == 4029


def test_version_3_is_remembered_by_a_name(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_server.clients.confirming.ROUND", 0.01)
    running.remembered = Remembered(FakePlaces())
    build(running)
    named = Listen(format=FORMAT_3, client="tab")
    first = Talk(running, listen=named)
    first.hear("40")
    running.log.push(b"0")
    assert first.hear("42")[1] == "0"
    _, mark = first.peer.frame()  # A ping of WebSockets.
    first.peer.send(frame(PONG, mark))
    first.say("2")
    first.hear("3")
    first.peer.socket.close()
    wait_until(lambda: running.service.newcomers.are_gone, "it left")
    running.log.push(b"1")

    again = Talk(running, listen=named)

    again.hear("40")
    assert again.hear("42")[1] == "1"
