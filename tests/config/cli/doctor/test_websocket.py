from time import monotonic

import pytest

from config.cli.doctor.route import Target
from config.cli.doctor.websocket import MESSAGE, PING, PONG, WebSocket, headers_for
from message_center_client.errors import Closed, NotUnderstood
from tests.support.scripted_api import Reply, answering
from tests.support.servers import close, playing, told

pytestmark = pytest.mark.integration
SAID = b"\x89\x01p" + b"\x8a\x00" + b"\x81\x02hi"  # A ping, a pong, a text.


def open_(url: str, **headers: str) -> WebSocket:
    return WebSocket(Target.parse(url), "format=json", headers)


def test_what_comes_is_told_and_a_ping_is_answered() -> None:
    with (
        playing(SAID) as player,
        open_(player.url + "?token=x", **headers_for("me", None)) as opened,
    ):
        assert opened.answer.is_accepted
        heard = [opened.next(monotonic() + 5) for _ in range(3)]

    assert [each.kind for each in heard if each] == [PING, PONG, MESSAGE]
    assert heard[2] is not None
    assert heard[2].text == "hi"
    assert player.targets == ["/?token=x&format=json"]
    assert player.authorizations == ["Bearer me"]
    assert player.heard[0][:2] == b"\x8a\x81"  # A pong, masked, of one byte.


def test_an_end_is_told_though_a_ping_came_before_it() -> None:
    with playing(b"\x89\x00" + close(1001, "bye")) as player, open_(player.url) as opened:
        assert opened.next(monotonic() + 5) is not None
        with pytest.raises(Closed, match="1001 bye"):
            opened.next(monotonic() + 5)


def test_nothing_that_comes_is_waited_for_until_the_end() -> None:
    with playing(b"\x8a\x00") as player, open_(player.url) as opened:
        assert opened.next(monotonic() + 5) is not None
        assert opened.next(monotonic() + 0.05) is None


def test_a_refusal_is_read() -> None:
    refused = told(401, "unauthorized", "no token", "Server: proxy")
    with playing(refused) as player, open_(player.url) as opened:
        answer = opened.answer

    assert (answer.status, answer.is_accepted, answer.server) == (401, False, "proxy")
    assert b"unauthorized" in answer.body


def test_a_wrong_accept_is_none() -> None:
    reply = Reply(101, "", (("Sec-WebSocket-Accept", "x"),))
    with (
        answering(reply) as server,
        open_(f"ws://127.0.0.1:{server.server_port}/") as opened,
    ):
        assert (opened.answer.status, opened.answer.is_accepted) == (101, False)


def test_what_speaks_something_else_is_not_understood() -> None:
    with playing(b"") as player, pytest.raises(NotUnderstood, match="without an answer"):
        open_(player.url)
    with playing(b"HTTP/1.1 nonsense\r\n\r\n") as player, pytest.raises(NotUnderstood):
        open_(player.url)
