"""What a client cannot have, however it asks: nothing of it is given, and no answer helps it on."""

import json
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import pytest

from common.pusher.apps import App
from common.pusher.names import NAME
from common.pusher.signing import of_channel, of_user, signature
from tests.support.parts import let_others_run
from tests.support.pusher_talk import MOST_CHANNELS, ONE, TWO, Talk, build
from tests.support.running import Running
from ws_server.log.chunk import Place
from ws_server.pusher.rules import LONGEST_DATA

GUARDED = ("private-a", "presence-a", "private-encrypted-a", "private-cache-a", "presence-cache-a")
DATA = '{"user_id":"42"}'
USER = '{"id":"42"}'


def answers(talk: Talk) -> list[dict[str, Any]]:
    """All that it is told up to now; it is still connected."""
    talk.say("pusher:ping")
    found = [talk.next()]
    while found[-1]["event"] != "pusher:pong":
        found.append(talk.next())
    return found[:-1]


def signed(app: App, text: str) -> str:
    return signature(app, text.encode())


def wrong_ones(talk: Talk, channel: str) -> Iterator[object]:
    """What is no right signature, from nothing to nearly right."""
    right = signed(ONE, of_channel(talk.socket_id, channel))
    yield from ("", ":", "key-one:", right, f"key-one:{right[:-1]}", f"key-one:{right.upper()}")
    yield from (f"key-two:{signed(TWO, of_channel(talk.socket_id, channel))}", f"key-two:{right}")
    yield f"key-one:{signed(ONE, of_channel('9.9', channel))}"
    yield f"key-one:{signed(ONE, of_channel(talk.socket_id, 'private-b'))}"
    yield f"key-one:{signed(ONE, of_user(talk.socket_id, USER))}"
    yield from ("key-one:" + "\x00" * 64, "key-one:" + "é" * 64, "key-one:" + "0" * 64)


def held(running: Running) -> list[frozenset[str]]:
    return [each.channels for each in running.service.hub.connections]


def test_no_wrong_signature_lets_in_or_is_answered_with_the_right_one(running: Running) -> None:
    build(running)
    talk = Talk(running)
    texts: list[str] = []
    for channel, data in product(GUARDED, ("", DATA)):
        for auth in wrong_ones(talk, channel):
            talk.say("pusher:subscribe", {"channel": channel, "auth": auth, "channel_data": data})
            (told,) = answers(talk)
            assert told["event"] == "pusher:subscription_error"
            assert json.loads(told["data"])["status"] == 401
            texts.append(json.dumps(told))
    theirs = f"key-one:{signed(ONE, of_user(talk.socket_id, USER))}"
    for auth in set(wrong_ones(talk, "private-a")) - {theirs}:
        talk.say("pusher:signin", {"auth": auth, "user_data": USER})
        (told,) = answers(talk)
        assert told["data"]["code"] == 4009
        texts.append(json.dumps(told))

    right = [signed(ONE, of_user(talk.socket_id, USER))]
    for channel, of_data in product(GUARDED, (None, "", DATA)):
        right.append(signed(ONE, of_channel(talk.socket_id, channel, of_data)))
    assert not [each for each in right for text in texts if each in text.lower()]
    assert held(running) == [frozenset()]


def odd_names() -> Iterable[str]:
    """With each character somewhere, and those that mean something here."""
    characters = [*map(chr, range(0x180)), "\u200b", "\u202e", "\ufeff", "\uffff", "😀"]
    yield from (f"private-{each}" for each in characters)
    ours = (
        "members:presence-a",
        "sync:0.1",
        "user:42",
        "!42",
        "two:news",
        "members:two:presence-a",
    )
    yield from (
        *ours,
        *map("private-{}".format, ours),
        "*",
        "a.*",
        "private-*",
        "#server-to-user-42",
    )
    yield from ("", " ", "x" * 201, "private-" + "x" * 10_000, "#server-to-user-", "pusher:x")


def test_a_name_with_whatever_character_is_a_channel_or_is_refused(running: Running) -> None:
    build(running)
    talk = Talk(running)
    for name in odd_names():
        talk.say("pusher:subscribe", {"channel": name, "auth": talk.sign(name)})
        (told,) = answers(talk)
        if told["event"] == "pusher:subscription_error":
            assert json.loads(told["data"])["type"] in ("InvalidChannel", "AuthError")
            assert not NAME.fullmatch(name) or name.startswith("#")
        else:
            assert told["event"] == "pusher_internal:subscription_succeeded"
            assert NAME.fullmatch(name)
            assert held(running) == [frozenset([name])]
            talk.say("pusher:unsubscribe", {"channel": name})
            assert answers(talk) == []
        assert held(running) == [frozenset()]


def test_channels_that_are_left_and_entered_for_ever_are_bounded(running: Running) -> None:
    build(running)
    talk = Talk(running)
    for number in range(1000):
        talk.say("pusher:subscribe", {"channel": f"c{number}"})
    told = [each["event"] for each in answers(talk)]

    assert told.count("pusher_internal:subscription_succeeded") == MOST_CHANNELS
    assert told.count("pusher:subscription_error") == 1000 - MOST_CHANNELS
    for _ in range(200):
        talk.say("pusher:unsubscribe", {"channel": "c0"})
        talk.say("pusher:subscribe", {"channel": "c0"})
    assert len(answers(talk)) == 200
    assert [len(each) for each in held(running)] == [MOST_CHANNELS]


def test_what_is_asked_for_while_a_long_frame_is_under_way_is_bounded_too(
    running: Running,
) -> None:
    build(running)
    talk = Talk(running)
    (connection,) = running.service.hub.connections
    sender, pusher = running.service.hub.sender, running.service._dialects["pusher"]
    sender.fall_behind(connection, Place(connection.sent_upto, skip=7))
    for number in range(2 * MOST_CHANNELS):
        said = {"event": "pusher:subscribe", "data": {"channel": f"c{number}"}}
        pusher.serve(connection, json.dumps(said))
    assert connection.owed is not None
    assert not connection.channels

    connection.owed.skip = 0
    sender.sent_frame(connection)

    assert len(connection.channels) == MOST_CHANNELS
    told = [talk.next()["event"] for _ in range(2 * MOST_CHANNELS)]
    assert told.count("pusher:subscription_error") == MOST_CHANNELS


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (json.dumps({"user_id": "1", "user_info": "x" * LONGEST_DATA}), 413),
        (json.dumps({"user_id": "x" * 201}), 400),
        ('{"user_id":"1","user_info":NaN}', 400),
        ('{"user_id":"1","user_info":{"a":[1e999]}}', 400),
        ('{"user_id":"1","user_info":' + "[" * 4000 + "]" * 4000 + "}", 400),
        ('{"user_id":"1","user_info":' + "[" * 51 + "]" * 51 + "}", 400),
        ('{"user_id":"\\ud800"}', 400),
        ('{"user_id":{"a":1}}', 400),
        ("[" * 9000, 400),
    ],
    ids=[
        "long",
        "long user",
        "NaN",
        "infinite",
        "deep",
        "rather deep",
        "half a pair",
        "no name",
        "open",
    ],
)
def test_data_that_others_could_not_read_is_refused(
    running: Running, data: str, status: int
) -> None:
    build(running)
    talk = Talk(running)
    auth = talk.sign("presence-a", data)

    talk.say("pusher:subscribe", {"channel": "presence-a", "auth": auth, "channel_data": data})
    (told,) = answers(talk)

    assert json.loads(told["data"])["status"] == status
    let_others_run()
    assert held(running) == [frozenset()]


def test_a_message_beyond_the_limit_ends_the_connection(running: Running) -> None:
    build(running, max_client_message_bytes=20_000)
    talk = Talk(running)

    talk.say("pusher:subscribe", {"channel": "presence-a", "channel_data": "x" * 20_000})

    assert talk.peer.close_code() in (1009, 4100)


def test_another_ones_signature_signs_nobody_in(running: Running) -> None:
    build(running)
    talk, other = Talk(running), Talk(running)
    theirs = signed(ONE, of_user(other.socket_id, USER))

    talk.say("pusher:signin", {"auth": f"key-one:{theirs}", "user_data": USER})
    (told,) = answers(talk)
    talk.say("pusher:subscribe", {"channel": "#server-to-user-42", "auth": f"key-one:{theirs}"})
    (refused,) = answers(talk)

    assert told["data"]["code"] == 4009
    assert json.loads(refused["data"])["status"] == 401
    running.log.push(b"secret", recipients=[("user:42",)])
    assert answers(talk) == []
