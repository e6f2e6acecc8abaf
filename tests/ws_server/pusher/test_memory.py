"""How far clients of Pusher's protocol are remembered to be, and what they are sent for that."""

from typing import Any

import pytest
from gevent.event import Event

from common.errors import QueueUnavailable
from common.message import Mark
from common.store.places import Known, Move
from tests.support.parts import Parts, Peers, let_others_run, wait_until
from tests.support.places import GONE, FakePlaces
from tests.support.pusher_talk import Talk, build
from tests.support.running import Running, stop
from tests.support.websocket import CLOSE, PING, PONG, TEXT, frame
from ws_server.pusher import entering, trail
from ws_server.pusher import memory as module
from ws_server.pusher.memory import NOWHERE
from ws_server.remembering import Remembered
from ws_server.wire.gap_reasons import UNKNOWN

PLACE = "r/one/tab/news"


@pytest.fixture
def places(running: Running, monkeypatch: pytest.MonkeyPatch) -> FakePlaces:
    """What is remembered; nobody is asked but by `ask`."""
    monkeypatch.setattr(module.Memory, "run", lambda _: None)
    places = FakePlaces()
    running.remembered = Remembered(places)
    return places


def memory(running: Running) -> module.Memory:
    found = running.service._pages
    assert found is not None
    return found


def ask(running: Running, *talks: Talk) -> None:
    """Have clients confirm what they were sent, and write it."""
    memory(running).do_round(0.0)
    for talk in talks:
        assert talk.hear("pusher:ping") == {}
        talk.say("pusher:pong", {})
    let_others_run()
    memory(running).do_round(0.0)


def push(running: Running, *contents: bytes, to: str = "news") -> None:
    running.log.push(*contents, recipients=[(to,)] * len(contents))


def heard(talk: Talk, count: int) -> list[Any]:
    return [talk.next()["data"] for _ in range(count)]


def leave(running: Running, *talks: Talk) -> None:
    for talk in talks:
        talk.peer.socket.close()
    wait_until(lambda: not running.service.hub.connections, "they are gone")


def hear_one_and_leave(running: Running) -> None:
    """A page hears 1, and is gone before it has confirmed it."""
    talk = Talk(running, page="tab")
    talk.subscribe("news")
    push(running, b"1")
    heard(talk, 1)
    leave(running, talk)


def test_who_comes_back_gets_what_it_has_not_confirmed(
    running: Running, places: FakePlaces
) -> None:
    build(running)
    talk = Talk(running, page="tab")
    talk.subscribe("news")
    push(running, b"1", b"2")
    assert heard(talk, 2) == ["1", "2"]
    ask(running, talk)
    push(running, b"3")
    assert heard(talk, 1) == ["3"]
    leave(running, talk)
    push(running, b"4", b"other", to="news")
    wait_until(lambda: running.service.mark.id == 5 << 64, "it is sent")

    again = Talk(running, page="tab")
    again.subscribe("news")
    assert heard(again, 3) == ["3", "4", "other"]
    push(running, b"6")

    assert heard(again, 1) == ["6"]


def test_what_was_replayed_is_confirmed_though_nothing_new_comes(
    running: Running, places: FakePlaces
) -> None:
    build(running)
    hear_one_and_leave(running)
    again = Talk(running, page="tab")
    again.subscribe("news")
    assert heard(again, 1) == ["1"]

    ask(running, again)
    leave(running, again)

    third = Talk(running, page="tab")
    third.subscribe("news")
    third.say("pusher:ping")
    third.hear("pusher:pong")
    assert places.known[PLACE].mark == Mark("e1", 1 << 64)


def test_each_channel_has_a_place_of_its_own(running: Running, places: FakePlaces) -> None:
    build(running)
    talk = Talk(running, page="tab")
    talk.subscribe("news")
    leave(running, talk)
    push(running, b"1")
    push(running, b"2", to="orders")
    wait_until(lambda: running.service.mark.id == 2 << 64, "it is sent")

    again = Talk(running, page="tab")
    again.subscribe("orders")
    again.subscribe("news")

    assert heard(again, 1) == ["1"]
    assert again.peer.has_nothing()


def test_nobody_hears_by_a_name_alone(running: Running, places: FakePlaces) -> None:
    """Each channel is entered anew: with the signature for this socket."""
    build(running)
    talk = Talk(running, page="tab")
    talk.subscribe("private-a")
    leave(running, talk)
    push(running, b"1", to="private-a")
    wait_until(lambda: running.service.mark.id == 1 << 64, "it is sent")

    other = Talk(running, page="tab")
    other.say("pusher:subscribe", {"channel": "private-a", "auth": talk.sign("private-a")})

    assert other.hear("pusher:subscription_error", "private-a")["status"] == 401
    assert other.peer.has_nothing()


def test_what_comes_to_a_channel_that_was_left_is_not_for_the_client(
    running: Running, places: FakePlaces
) -> None:
    build(running)
    talk = Talk(running, page="tab")
    talk.subscribe("news")
    wait_until(lambda: memory(running)._here != {}, "it is here")
    let_others_run()
    talk.say("pusher:unsubscribe", {"channel": "news"})
    talk.say("pusher:ping")
    talk.hear("pusher:pong")
    memory(running).write()
    assert places.known[PLACE].mark == NOWHERE
    push(running, b"1")
    wait_until(lambda: running.service.mark.id == 1 << 64, "it is sent")

    talk.subscribe("news")
    let_others_run()
    push(running, b"2")

    assert heard(talk, 1) == ["2"]


def test_what_comes_while_redis_is_asked_is_not_missed(
    running: Running, places: FakePlaces
) -> None:
    build(running)
    gate, asked, join = Event(), Event(), places.join

    def join_late(name: str, mark: Mark) -> Known | None:
        asked.set()
        gate.wait()
        return join(name, mark)

    places.join = join_late  # type: ignore[method-assign]
    talk = Talk(running, page="tab")
    talk.subscribe("news")
    assert asked.wait(5)
    push(running, b"1")
    wait_until(lambda: running.service.mark.id == 1 << 64, "it is sent")

    gate.set()

    assert heard(talk, 1) == ["1"]
    assert places.known[PLACE].mark == Mark("e1", 0)


def test_a_gap_is_told_on_the_channel(running: Running, places: FakePlaces) -> None:
    build(running)
    places.write([Move(PLACE, Mark("e0", 7 << 64), None)])
    talk = Talk(running, page="tab")

    talk.subscribe("news")

    assert talk.hear("message-center:gap", "news") == {"reason": UNKNOWN, "after": "e0-7-0"}
    push(running, b"1")
    assert heard(talk, 1) == ["1"]


SAID = frame(TEXT, b'{"event":"pusher:pong"}')


@pytest.mark.parametrize(
    "before",
    [b"", SAID, SAID + frame(PONG, b"1"), frame(PING, b"1") + SAID],
    ids=["alone", "after a text", "after both", "after a ping"],
)
def test_the_answer_to_a_close_confirms_everything(
    running: Running, places: FakePlaces, before: bytes
) -> None:
    build(running, stop_timeout=0.5)
    talk = Talk(running, page="tab")
    talk.subscribe("news")
    wait_until(lambda: PLACE in places.known, "it is known")
    let_others_run()
    push(running, b"1", b"2")
    heard(talk, 2)

    hub = running.service.hub
    (connection,) = hub.connections
    connection.close(1001)
    frames = [talk.peer.frame() for _ in range(2)]
    assert frames[-1][0] == CLOSE
    end = before + frame(CLOSE, frames[-1][1])
    talk.peer.send(end[:-1])  # In two pieces, as it may come.
    let_others_run()
    talk.peer.send(end[-1:])
    talk.peer.socket.close()
    wait_until(lambda: not hub.connections, "it is gone")
    stop(running)

    assert places.known[PLACE].mark == Mark("e1", 2 << 64)


def test_a_library_that_answers_no_ping_of_pushers_confirms_by_websocket(
    running: Running, places: FakePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "PATIENCE", 0.0)
    build(running)
    talk = Talk(running, page="tab")
    talk.subscribe("news")
    for number in range(trail.MOST_PINGS):
        push(running, b"%d" % number)
        heard(talk, 1)
        memory(running).do_round(1.0)
        assert talk.hear("pusher:ping") == {}
    push(running, b"last")
    heard(talk, 1)
    assert places.known[PLACE].mark == Mark("e1", 0)

    memory(running).do_round(1.0)
    opcode, payload = talk.peer.frame()
    assert opcode == PING
    talk.peer.send(frame(PONG, payload))
    let_others_run()
    memory(running).write()

    assert places.known[PLACE].mark == Mark("e1", 6 << 64)


def test_clients_are_asked_and_redis_is_told_without_being_told_to(
    running: Running,
) -> None:
    places = FakePlaces()
    running.remembered = Remembered(places)
    build(running)
    talk = Talk(running, page="tab")
    talk.subscribe("news")
    push(running, b"1")

    has_it = False
    while (event := talk.next()["event"]) != "pusher:ping" or not has_it:
        has_it = has_it or event == "message"
        if event == "pusher:ping":
            talk.say("pusher:pong", {})
    talk.say("pusher:pong", {})

    wait_until(lambda: places.known[PLACE].mark == Mark("e1", 1 << 64), "it is noted")


def test_a_limit_of_messages_is_not_used_up_by_answers() -> None:
    hub = Parts(Peers()).hub

    assert module.Memory(FakePlaces(), 60.0, hub, 4.0).do_round(1.0) == 0.5
    assert module.Memory(FakePlaces(), 60.0, hub).do_round(1.0) == module.LEAST


def test_while_redis_is_away_nothing_is_forgotten(
    running: Running, places: FakePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(running)
    talk = Talk(running, page="tab")
    talk.subscribe("news")
    wait_until(lambda: PLACE in places.known, "it is known")
    let_others_run()
    push(running, b"1")
    heard(talk, 1)
    places.fault = GONE
    ask(running, talk)
    with pytest.raises(QueueUnavailable):
        memory(running).write()

    places.fault = None
    memory(running).write()

    assert places.known[PLACE].mark == Mark("e1", 1 << 64)


def test_without_a_name_nothing_is_remembered_and_nobody_is_asked(
    running: Running, places: FakePlaces
) -> None:
    build(running)
    talk = Talk(running)
    talk.subscribe("news")
    push(running, b"1")
    heard(talk, 1)

    memory(running).do_round(0.0)

    assert talk.peer.has_nothing()
    assert places.known == {}


USERS_CHANNEL = "#server-to-user-ann"


def hear_all(talk: Talk) -> list[Any]:
    """The contents of all messages that it is told up to now."""
    talk.say("pusher:ping")
    found = [talk.next()]
    while found[-1]["event"] != "pusher:pong":
        found.append(talk.next())
    return [said["data"] for said in found if said["event"] == "message"]


def test_what_came_for_a_user_who_comes_back_comes_once_and_in_its_order(
    running: Running, places: FakePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "PAUSE", 0.001)
    build(running)
    talk = Talk(running, page="tab")
    talk.sign_in("ann")
    talk.subscribe(USERS_CHANNEL)
    push(running, b"1", to="user:ann")
    assert heard(talk, 1) == ["1"]
    ask(running, talk)
    leave(running, talk)
    push(running, b"2", to="user:ann")
    wait_until(lambda: running.service.mark.id == 2 << 64, "it is sent")

    again = Talk(running, page="tab")
    places.fault = GONE
    again.sign_in("ann")
    again.sign_in("ann")
    places.fault = None
    assert heard(again, 1) == ["2"]
    push(running, b"3", to="user:ann")
    assert heard(again, 1) == ["3"]
    for _ in range(2):
        again.subscribe(USERS_CHANNEL)
        again.say("pusher:unsubscribe", {"channel": USERS_CHANNEL})
    push(running, b"4", to="user:ann")

    assert heard(again, 1) == ["4"]


def test_a_user_who_is_not_in_yet_is_thrown_out_too(running: Running, places: FakePlaces) -> None:
    build(running)
    places.fault = GONE
    talk, other = Talk(running, page="tab"), Talk(running, page="other")
    talk.sign_in("ann")
    other.sign_in("bob")

    running.log.push(b"", recipients=[("!ann",)])

    assert talk.next()["data"]["code"] == 4009
    assert hear_all(other) == []


def test_what_is_left_and_entered_while_redis_is_asked_is_forgotten(
    running: Running, places: FakePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "PAUSE", 0.001)
    build(running)
    hear_one_and_leave(running)
    again = Talk(running, page="tab")
    places.fault = GONE
    for _ in range(3):
        again.subscribe("news")
        again.say("pusher:unsubscribe", {"channel": "news"})
    again.subscribe("news")
    places.fault = None

    def is_in() -> bool:
        return any(each.channels for each in running.service.hub.connections)

    wait_until(is_in, "it is in")
    push(running, b"2")

    assert heard(again, 1) == ["2"]
    assert hear_all(again) == []


def test_one_that_is_left_and_entered_has_one_replay(
    running: Running, places: FakePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a cache channel, by a client that is not remembered."""
    monkeypatch.setattr(entering, "PAUSE", 0.001)
    build(running, poll_interval=1000.0)
    talk = Talk(running)
    running.log.fault = GONE
    for _ in range(3):
        talk.subscribe("cache-a")
        talk.say("pusher:unsubscribe", {"channel": "cache-a"})
    talk.subscribe("cache-a")

    running.log.fault = None

    assert talk.hear("pusher:cache_miss", "cache-a") == {}
    let_others_run()
    assert talk.peer.has_nothing()


def test_what_is_left_while_redis_is_away_is_bounded(
    running: Running, places: FakePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_UNWRITTEN", 3)
    build(running)
    places.fault = GONE
    talk = Talk(running, page="tab")
    for number in range(10):
        talk.subscribe(f"c{number}")
        talk.say("pusher:unsubscribe", {"channel": f"c{number}"})

    assert hear_all(talk) == []
    assert len(memory(running)._moves) == 3
