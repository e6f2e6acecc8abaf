"""What clients ask for while they are connected, and how they are answered."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.fakes import FakeTokens
from tests.support.parts import SMALL, Parts, Peer, Peers
from tests.support.websocket import TEXT, frame
from ws_server.clients.connection import Connection
from ws_server.door.grant import ANYBODY, Grant
from ws_server.door.listen import Listen
from ws_server.door.policy import OPEN, Policy
from ws_server.wire.close_codes import TOO_MANY_MESSAGES

HOLDER = Grant("42", frozenset(["orders", "news.*"]), expires=1e9)


class Talk:
    """A client that says commands and reads answers."""

    def __init__(self, connection: Connection, peer: Peer) -> None:
        self.connection = connection
        self.peer = peer

    def ask(self, **command: object) -> dict[str, Any]:
        """Say a command; its answer."""
        self.peer.send(frame(TEXT, json.dumps(command).encode()))
        return self.hear()

    def hear(self) -> dict[str, Any]:
        (said,) = self.peer.texts(1)
        answer: dict[str, Any] = json.loads(said)
        return answer


Connect = Callable[..., Talk]


@pytest.fixture
def connect(parts: Parts, peers: Peers) -> Connect:
    def connect(
        grant: Grant = ANYBODY, policy: Policy = OPEN, form: str = "json", **options: Any
    ) -> Talk:
        fd, peer = peers.make()
        receiver = parts.receiver(policy=policy, **options)
        listen = Listen(form, channels=grant.default, grant=grant)
        talk = Talk(parts.hub.join(fd, receiver.read, listen), peer)
        if form == "json":
            assert talk.hear()["type"] == "welcome"
        return talk

    return connect


def test_a_subscription_is_answered_with_all_channels_and_the_place(
    parts: Parts, connect: Connect
) -> None:
    talk = connect()
    parts.publish(b"before")
    talk.hear()

    first = talk.ask(subscribe=["b", "a"])
    second = talk.ask(subscribe=["c.*"], unsubscribe=["a", "never"])

    assert first == {"type": "subscribed", "id": "e1-1-0", "channels": ["a", "b"]}
    assert second["channels"] == ["b", "c.*"]
    assert talk.connection.channels == {"b", "c.*"}
    assert [had for _, had in parts.changed] == [frozenset(), frozenset(["a", "b"])]


def test_messages_come_for_the_channels_of_the_last_answer(parts: Parts, connect: Connect) -> None:
    talk = connect()
    talk.ask(subscribe=["a"])

    page = parts.log.write(b"for a", b"for b", recipients=[("a",), ("b",)])
    parts.hub.publish(page)

    assert talk.hear()["content"] == "for a"
    assert talk.peer.has_nothing()


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (["no spaces"], "bad_channel"),
        ([""], "bad_channel"),
        (["user:42"], "channel_forbidden"),
        ([f"c{number}" for number in range(101)], "too_many_channels"),
    ],
)
def test_a_refused_subscription_changes_nothing(
    parts: Parts, connect: Connect, wanted: list[str], error: str
) -> None:
    talk = connect()
    talk.ask(subscribe=["a"])

    answer = talk.ask(subscribe=wanted)

    assert (answer["type"], answer["error"]) == ("error", error)
    assert talk.connection.channels == {"a"}
    assert len(parts.changed) == 1


def test_the_holder_of_a_token_may_listen_to_what_it_grants(connect: Connect) -> None:
    talk = connect(HOLDER)

    assert talk.ask(subscribe=["news.eu"])["channels"] == ["news.*", "news.eu", "orders", "user:42"]
    assert talk.ask(subscribe=["news"])["error"] == "channel_forbidden"
    assert talk.ask(subscribe=["user:7"])["error"] == "channel_forbidden"


def test_nobody_can_leave_the_channel_of_its_user(connect: Connect) -> None:
    talk = connect(HOLDER)

    answer = talk.ask(unsubscribe=["user:42", "orders"])

    assert answer["channels"] == ["news.*", "user:42"]


def test_a_newer_token_takes_the_place_of_the_old(parts: Parts, connect: Connect) -> None:
    newer = Grant("42", frozenset(["news.*", "more"]), expires=2e9)
    talk = connect(HOLDER, Policy(FakeTokens({"newer": newer})))

    answer = talk.ask(token="newer")

    assert answer["type"] == "refreshed"
    assert answer["expires"] == 2e9
    assert answer["channels"] == ["news.*", "user:42"]  # `orders` is not granted any more.
    assert talk.connection.grant == newer
    assert [connection for connection, _ in parts.changed] == [talk.connection]


@pytest.mark.parametrize("token", ["nonsense", "other"])
def test_a_token_that_is_wrong_or_of_another_user_changes_nothing(
    connect: Connect, token: str
) -> None:
    talk = connect(HOLDER, Policy(FakeTokens({"other": Grant("7", frozenset(["all"]))})))

    answer = talk.ask(token=token)

    assert (answer["type"], answer["error"]) == ("error", "bad_token")
    assert talk.connection.grant == HOLDER


@pytest.mark.parametrize("command", [{"subscribe": "a"}, {"hello": 1}])
def test_what_is_no_command_is_an_error_if_no_hook_wants_it(
    connect: Connect, command: dict[str, Any]
) -> None:
    assert connect().ask(**command)["error"] == "bad_command"


def test_a_hook_gets_what_is_no_command(connect: Connect) -> None:
    heard: list[object] = []
    talk = connect(on_message=lambda _connection, data: heard.append(data))

    talk.ask(subscribe=["a"])
    talk.peer.send(frame(TEXT, b'{"hello": 1}') + frame(TEXT, b"{}"))
    talk.ask(subscribe=["b"])

    assert heard == ['{"hello": 1}', "{}"]


def test_a_text_client_gives_no_commands(connect: Connect) -> None:
    talk = connect(form="text")

    talk.peer.send(frame(TEXT, b'{"subscribe": ["a"]}'))

    assert talk.peer.has_nothing()
    assert talk.connection.channels == frozenset()


def test_a_client_that_says_too_much_is_closed(connect: Connect) -> None:
    talk = connect(per_second=5)

    talk.peer.send(frame(TEXT, b'{"subscribe": ["a"]}') * 6)

    assert talk.peer.close_code() == TOO_MANY_MESSAGES.code


def test_pings_count_as_well(connect: Connect) -> None:
    talk = connect(form="text", per_second=5)

    talk.peer.send(frame(0x9, b"") * 6)

    assert talk.peer.close_code() == TOO_MANY_MESSAGES.code


def test_a_moderate_client_is_not_closed(connect: Connect) -> None:
    talk = connect(per_second=5)

    for number in range(5):
        assert talk.ask(subscribe=[f"c{number}"])["type"] == "subscribed"


def test_a_command_in_the_middle_of_a_long_frame_is_answered_after_it(
    parts: Parts, peers: Peers
) -> None:
    fd, peer = peers.make(SMALL)
    connection = parts.hub.join(fd, parts.receiver().read, Listen("json"))
    peer.texts(1)
    parts.hub.publish(parts.log.write(b"x" * 100_000, b"for a", recipients=[(), ("a",)]))
    peer.send(frame(TEXT, b'{"subscribe": ["a"]}'))
    parts.start_catch_up()

    long, answer, message = map(json.loads, peer.texts(3))

    assert len(long["content"]) == 100_000
    assert answer == {"type": "subscribed", "id": "e1-1-0", "channels": ["a"]}
    assert message["content"] == "for a"
    assert connection.owed is None


def test_a_client_confirms_what_it_has_been_sent_and_no_more(
    parts: Parts, connect: Connect
) -> None:
    talk = connect()
    parts.publish(b"one")
    id_ = json.loads(talk.peer.texts(1)[0])["id"]
    epoch, milliseconds, sequence = id_.split("-")
    newer = f"{epoch}-{milliseconds}-{int(sequence) + 1}"

    answer = talk.ask(confirm=newer)
    assert (answer["type"], answer["error"]) == ("error", "bad_command")
    assert talk.connection.confirmed < parts.feed.head

    talk.peer.send(frame(TEXT, json.dumps({"confirm": id_}).encode()))
    assert talk.ask(subscribe=[])["type"] == "subscribed"  # It is not answered itself.
    assert talk.connection.confirmed == parts.feed.head


def test_what_redis_has_lost_is_confirmed_without_effect(parts: Parts, connect: Connect) -> None:
    talk = connect()

    talk.peer.send(frame(TEXT, b'{"confirm":"other-9-0"}'))

    assert talk.ask(subscribe=[])["type"] == "subscribed"
    assert talk.connection.confirmed == 0
