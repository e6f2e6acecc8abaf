"""What clients may do, by the signatures that they show."""

import json

import pytest

from common.pusher.signing import of_channel, of_user
from tests.support.pusher_talk import ONE, TWO, Named, auth_of
from ws_server.pusher.client import Client, Member
from ws_server.pusher.requests import ClientEvent, SignIn, Subscribe, Wrong
from ws_server.pusher.rules import (
    LONGEST_DATA,
    NotSubscribed,
    admit,
    check_event,
    member_of,
    user_of,
)

ID = Named.id


def refusal(client: Client, asked: Subscribe, most: int = 5) -> NotSubscribed:
    with pytest.raises(NotSubscribed) as caught:
        admit(client, asked, most)
    return caught.value


def test_a_public_channel_needs_no_signature() -> None:
    assert admit(Client(ONE, Named()), Subscribe("news"), 5).name == "news"
    assert admit(Client(TWO, Named()), Subscribe("news", "nonsense"), 5).name == "two:news"


@pytest.mark.parametrize("channel", ["private-a", "private-encrypted-a", "private-cache-a"])
def test_a_private_channel_needs_one_of_this_socket_and_channel(channel: str) -> None:
    client = Client(ONE, Named())
    right = auth_of(of_channel(ID, channel))

    assert admit(client, Subscribe(channel, right), 5).name == channel
    for wrong in (
        "",
        "key-one:",
        right[:-1],
        right.upper(),
        f"{right} ",
        auth_of(of_channel("1.3", channel)),
        auth_of(of_channel(ID, "private-b")),
        auth_of(of_channel(ID, channel), TWO),
        right.replace("key-one", "key-two"),
        right.partition(":")[2],
        "é:" + right,
    ):
        assert refusal(client, Subscribe(channel, wrong)).status == 401


def test_no_refusal_says_what_would_be_right() -> None:
    right = auth_of(of_channel(ID, "private-a"))

    assert (
        right.partition(":")[2]
        not in refusal(Client(ONE, Named()), Subscribe("private-a", "")).reason
    )


def test_the_data_of_a_member_is_signed_too() -> None:
    client, data = Client(ONE, Named()), '{"user_id":"7"}'
    auth = auth_of(of_channel(ID, "presence-a", data))

    assert admit(client, Subscribe("presence-a", auth, data), 5).kind.has_members
    assert refusal(client, Subscribe("presence-a", auth, data + " ")).status == 401
    assert refusal(client, Subscribe("presence-a", auth_of(of_channel(ID, "presence-a")), data))


def test_data_is_bounded() -> None:
    data = json.dumps({"user_id": "é" * LONGEST_DATA})
    auth = auth_of(of_channel(ID, "presence-a", data))

    assert refusal(Client(ONE, Named()), Subscribe("presence-a", auth, data)).status == 413


@pytest.mark.parametrize("channel", ["", "a b", "two:news", "user:42", "é", "a/b", "x" * 201, "a*"])
def test_what_cannot_be_a_channel_is_refused(channel: str) -> None:
    assert refusal(Client(ONE, Named()), Subscribe(channel)).status == 400


def test_channels_are_bounded_and_one_that_it_has_is_no_more() -> None:
    client = Client(ONE, Named())
    client.channels = {"a": "a", "b": "b"}

    assert refusal(client, Subscribe("c"), most=2).kind == "LimitReached"
    assert admit(client, Subscribe("b"), 2).name == "b"


def test_the_channel_of_a_user_is_for_who_has_signed_in() -> None:
    client = Client(TWO, Named())
    assert refusal(client, Subscribe("#server-to-user-42")).status == 401

    client.signed_in = Member("42", "")

    assert admit(client, Subscribe("#server-to-user-42"), 5).name == "user:two:42"
    assert refusal(client, Subscribe("#server-to-user-43")).status == 401


def test_a_user_signs_in_with_a_signature() -> None:
    client, data = Client(TWO, Named()), '{"id":"42"}'
    auth = auth_of(of_user(ID, data), TWO)

    assert user_of(client, SignIn(auth, data)) == (Member("42", ""), "two:42")
    for wrong in (auth + "0", auth_of(of_user("1.3", data), TWO), auth_of(of_user(ID, data), ONE)):
        with pytest.raises(Wrong):
            user_of(client, SignIn(wrong, data))


@pytest.mark.parametrize(
    "data",
    ["", "[]", "{}", '{"id":""}', '{"id":true}', '{"id":"a b"}', '{"id":"' + "x" * 300 + '"}'],
)
def test_a_user_has_a_name(data: str) -> None:
    client = Client(ONE, Named())

    with pytest.raises(Wrong):
        user_of(client, SignIn(auth_of(of_user(ID, data)), data))


def test_the_name_of_a_user_may_be_a_number() -> None:
    assert member_of('{"id":42,"user_info":{"name":"x"}}', "id") == Member("42", '#{"name":"x"}')


def test_without_data_of_the_channel_who_has_signed_in_is_the_member() -> None:
    client = Client(ONE, Named())
    asked = Subscribe("presence-a", auth_of(of_channel(ID, "presence-a")))
    assert refusal(client, asked).status == 400

    client.signed_in = Member("42", '{"name":"x"}')

    assert admit(client, asked, 5).member is client.signed_in
    data = '{"user_id":"7"}'  # What stands there goes before it.
    other = Subscribe("presence-a", auth_of(of_channel(ID, "presence-a", data)), data)
    assert admit(client, other, 5).member == Member("7", "")


@pytest.mark.parametrize(
    "channel", ["news", "private-encrypted-a", "private-other", "#server-to-user-1"]
)
def test_client_events_are_for_private_channels_that_it_has(channel: str) -> None:
    client = Client(ONE, Named())
    client.channels = {"news": "news", "private-a": "private-a"}
    client.channels["private-encrypted-a"] = "private-encrypted-a"
    check_event(client, ClientEvent("client-x", "private-a", "éé"), most_bytes=4)

    with pytest.raises(Wrong):
        check_event(client, ClientEvent("client-x", channel, ""), most_bytes=4)


def test_client_events_are_bounded() -> None:
    client = Client(ONE, Named())
    client.channels = {"private-a": "private-a"}

    with pytest.raises(Wrong):
        check_event(client, ClientEvent("client-x", "private-a", "éé"), most_bytes=3)
