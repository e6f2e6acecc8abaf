"""What clients that speak Pusher's protocol ask for, and what they are told."""

import json
from typing import Any

import pytest

from common.errors import QueueUnavailable
from common.message import Message
from common.store.webhooks import Note
from tests.support.parts import let_others_run, wait_until
from tests.support.pusher_talk import MOST_CHANNELS, TWO, Talk, build
from tests.support.running import Running, stop
from tests.support.webhooks import FakeWebhooks
from tests.support.websocket import CLOSE, TEXT, frame
from ws_server import census

ROOM = "presence-a"


def test_a_client_is_told_its_id(running: Running) -> None:
    build(running)

    first, second = Talk(running), Talk(running)

    assert first.socket_id.replace(".", "").isdigit()
    assert first.socket_id != second.socket_id


def test_an_application_that_there_is_not_is_told_by_a_close(running: Running) -> None:
    build(running)

    (_, error), (opcode, close) = Talk(running, "no-key").peer.rest()

    assert json.loads(error)["data"]["code"] == 4001
    assert (opcode, int.from_bytes(close[:2])) == (CLOSE, 4001)


def test_a_ping_is_answered(running: Running) -> None:
    build(running)
    talk = Talk(running)

    talk.say("pusher:ping", {})

    assert talk.hear("pusher:pong") == {}


def test_what_is_wrong_is_told_and_harms_nothing(running: Running) -> None:
    build(running)
    talk = Talk(running)

    for said in (b"{", b"[]", b'{"event":"pusher:subscribe"}'):
        talk.peer.send(frame(TEXT, said))
        assert talk.hear("pusher:error")["code"] is None
    talk.say("pusher:pong")
    talk.say("unknown")
    talk.say("pusher:ping")

    assert talk.hear("pusher:pong") == {}


def test_a_subscriber_gets_what_comes_on_its_channels_alone(running: Running) -> None:
    build(running)
    talk, other = Talk(running), Talk(running, TWO.key)
    talk.subscribe("news")
    other.subscribe("news")

    running.log.push(b"all", b"1", b"2", b"3", recipients=[(), ("two:news",), ("x",), ("news",)])

    assert talk.next() == {"event": "message", "channel": "news", "data": "3", "id": "e1-4-0"}
    assert other.next() == {"event": "message", "channel": "news", "data": "1", "id": "e1-2-0"}
    assert talk.peer.has_nothing()


def test_a_message_to_three_channels_is_three_events_for_who_is_in_all(running: Running) -> None:
    build(running)
    talk, in_two = Talk(running), Talk(running)
    for channel in ("a", "b", "c"):
        talk.subscribe(channel)
    for channel in ("c", "a"):
        in_two.subscribe(channel)

    running.log.push(b"x", b"y", recipients=[("a", "b", "c"), ("b",)])

    heard = [(said["channel"], said["data"]) for said in (talk.next() for _ in range(4))]
    assert heard == [("a", "x"), ("b", "x"), ("c", "x"), ("b", "y")]
    assert [in_two.next()["channel"] for _ in range(2)] == ["a", "c"]


def test_without_the_right_signature_nothing_is_heard(running: Running) -> None:
    build(running)
    talk = Talk(running)

    talk.say("pusher:subscribe", {"channel": "private-a", "auth": "key-one:0"})
    told = talk.hear("pusher:subscription_error", "private-a")
    running.log.push(b"x", b"y", recipients=[("private-a",), ("news",)])

    assert told["status"] == 401
    assert talk.peer.has_nothing()


def test_who_leaves_a_channel_hears_no_more_of_it(running: Running) -> None:
    build(running)
    talk = Talk(running)
    talk.subscribe("a")
    talk.subscribe("b")

    talk.say("pusher:unsubscribe", {"channel": "a"})
    talk.say("pusher:unsubscribe", {"channel": "a"})
    talk.say("pusher:ping")
    assert talk.hear("pusher:pong") == {}
    running.log.push(b"x", b"y", recipients=[("a",), ("b",)])

    assert talk.next()["channel"] == "b"


def test_channels_are_bounded(running: Running) -> None:
    build(running)
    talk = Talk(running)
    for number in range(MOST_CHANNELS):
        talk.subscribe(f"c{number}")
    talk.subscribe("c0")

    talk.say("pusher:subscribe", {"channel": "more"})

    assert talk.hear("pusher:subscription_error", "more")["type"] == "LimitReached"


def test_a_client_event_goes_to_the_queue_for_all_others(running: Running) -> None:
    queue = build(running)
    talk = Talk(running)
    talk.subscribe("private-a")

    talk.say("client-typing", {"who": 1}, channel="private-a")
    talk.say("client-typing", "x", channel="private-b")
    told = talk.hear("pusher:error")

    assert told["message"].startswith("client events are for channels to which")
    message = Message("{}", ("private-a",), "client-typing", talk.socket_id)
    fields = json.loads(message.to_item()[1:]) | {"content": '{"who":1}', "json": True}
    assert [json.loads(item[1:]) for item in queue.items] == [fields]


def test_a_flood_of_client_events_is_not_passed_on(running: Running) -> None:
    queue = build(running)
    talk = Talk(running)
    talk.subscribe("private-a")

    for _ in range(15):
        talk.say("client-x", 1, channel="private-a")

    assert [talk.hear("pusher:error")["code"] for _ in range(5)] == [4301] * 5
    assert len(queue.items) == 10


def test_an_event_that_redis_does_not_take_is_told(running: Running) -> None:
    queue = build(running)
    queue.fault = QueueUnavailable("gone")
    talk = Talk(running)
    talk.subscribe("private-a")

    talk.say("client-x", 1, channel="private-a")

    assert "client-x may be lost" in talk.hear("pusher:error")["message"]


def test_who_has_signed_in_gets_what_is_for_the_user_and_can_be_thrown_out(
    running: Running,
) -> None:
    build(running)
    talk = Talk(running, TWO.key)
    talk.sign_in("42")
    talk.sign_in("42")
    assert talk.subscribe("#server-to-user-42") == {}

    running.log.push(b"x", b"", recipients=[("user:two:42",), ("!two:42",)])

    told = {"event": "message", "channel": "#server-to-user-42", "data": "x", "id": "e1-1-0"}
    assert talk.next() == told
    assert talk.hear("pusher:error")["code"] == 4009
    assert talk.peer.close_code() == 4009


def test_nobody_signs_in_for_somebody_else(running: Running) -> None:
    build(running)
    talk = Talk(running)
    talk.say("pusher:signin", {"auth": "key-one:0", "user_data": '{"id":"42"}'})
    assert talk.hear("pusher:error")["code"] == 4009
    talk.sign_in("42")

    talk.say("pusher:signin", {"auth": talk.sign("x"), "user_data": '{"id":"43"}'})

    assert talk.hear("pusher:error")["code"] == 4009


def test_those_who_are_here_are_counted(running: Running) -> None:
    build(running)
    talk = Talk(running)
    talk.subscribe("news")
    talk.sign_in("42")

    changes = running.presence.counts.take(100)
    assert changes.users == {"42": 1}
    assert changes.channels["news"].users == {"": 0, "42": 1}
    talk.peer.socket.close()
    running.service.hub.sender.drop(*running.service.hub.connections)

    changes = running.presence.counts.take(100)
    assert (changes.users, changes.channels["news"].total) == ({"42": 0}, 0)


def test_at_a_stop_clients_are_told_to_come_back_after_a_pause(running: Running) -> None:
    build(running, stop_timeout=0.2)
    talk = Talk(running)

    stop(running)

    assert talk.peer.close_code() == 4100


def tell(running: Running, event: str, user: str) -> None:
    """As Redis does when it is written who is there."""
    content = json.dumps({"user_id": user}).encode()
    running.log.write(content, recipients=[(f"members:{ROOM}",)], events=[event.encode()])


def enter(running: Running, talk: Talk, user: str) -> dict[str, Any]:
    """Be a member; what the success says."""
    data = json.dumps({"user_id": user})
    auth = talk.sign(ROOM, data)
    talk.say("pusher:subscribe", {"channel": ROOM, "auth": auth, "channel_data": data})
    wait_until(lambda: ROOM in running.writer.channels, "it is written")
    tell(running, "joined", user)
    told: dict[str, Any] = talk.hear("pusher_internal:subscription_succeeded", ROOM)["presence"]
    return told


def test_members_are_told_of_those_who_come_and_go(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(census, "RETURN_SECONDS", 0.0)
    build(running)
    first, second = Talk(running), Talk(running)

    assert enter(running, first, "1") == {"count": 1, "ids": ["1"], "hash": {"1": None}}
    assert enter(running, second, "2")["count"] == 2
    assert first.hear("pusher_internal:member_added", ROOM) == {"user_id": "2"}

    second.say("pusher:unsubscribe", {"channel": ROOM})
    wait_until(lambda: running.writer.channels == {ROOM: {"1": 1}}, "it has left")
    first.peer.socket.close()
    wait_until(lambda: running.writer.channels == {}, "all have left")


def test_what_a_member_sends_is_said_to_be_from_it(running: Running) -> None:
    queue = build(running)
    talk = Talk(running)
    enter(running, talk, "1")

    talk.say("client-x", {"a": 1}, channel=ROOM)
    talk.say("pusher:ping")
    talk.hear("pusher:pong")

    (item,) = queue.items
    fields = json.loads(item[1:])
    assert fields["channels"] == [f"members:{ROOM}"]
    assert json.loads(fields["content"]) == {"user_id": "1", "data": '{"a":1}'}


def test_who_leaves_and_comes_again_is_let_in_once(running: Running) -> None:
    build(running)
    talk, data = Talk(running), json.dumps({"user_id": "1"})
    asked = {"channel": ROOM, "auth": talk.sign(ROOM, data), "channel_data": data}
    talk.say("pusher:subscribe", asked)
    talk.say("pusher:unsubscribe", {"channel": ROOM})
    talk.say("pusher:subscribe", asked)
    talk.say("pusher:ping")
    talk.hear("pusher:pong")
    wait_until(lambda: ROOM in running.writer.channels, "it is written")

    tell(running, "joined", "1")
    told = talk.hear("pusher_internal:subscription_succeeded", ROOM)

    assert told["presence"]["ids"] == ["1"]
    assert talk.peer.has_nothing()


def test_what_a_client_sends_is_noted_for_webhooks(running: Running) -> None:
    webhooks = FakeWebhooks()
    build(running, webhooks)
    talk = Talk(running)
    talk.subscribe("private-a")

    talk.say("client-x", {"a": 1}, channel="private-a")
    talk.say("pusher:ping")
    talk.hear("pusher:pong")
    let_others_run()

    told = {"event": "client-x", "data": '{"a":1}', "socket_id": talk.socket_id}
    assert webhooks.notes == [Note("client_event", "private-a", told)]
    assert len(webhooks.items) == 1
