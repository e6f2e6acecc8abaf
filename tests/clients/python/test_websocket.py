"""The client of `message-center listen`: its addresses, and one connection at a time."""

from collections.abc import Iterator

import pytest

from message_center_client import websocket
from message_center_client.errors import Closed, Refused
from message_center_client.websocket import checked, receive
from tests.support.servers import close, playing, refusal, told


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("ws://h", "ws://h/"),
        ("ws://h:1?a=b", "ws://h:1/?a=b"),
        ("wss://[::1]:2345/x", "wss://[::1]:2345/x"),
        ("ws://h/?channels=a,news.*&last_id=1-0", "ws://h/?channels=a,news.*&last_id=1-0"),
        ("ws://h/订单?a=b c", "ws://h/%E8%AE%A2%E5%8D%95?a=b%20c"),
        ("ws://h/?a=%E8%AE%A2", "ws://h/?a=%E8%AE%A2"),
        ("ws://bücher.example:1/", "ws://xn--bcher-kva.example:1/"),
    ],
)
def test_an_address_is_asked_for_in_ascii(url: str, asked: str) -> None:
    assert checked(url) == asked


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://h/", "ws://host:port/"),
        ("h:2345", "ws://host:port/"),
        ("ws://", "ws://host:port/"),
        ("ws://h:0/", "ws://host:port/"),
        ("ws://h:99999/", "out of range"),
        ("ws://h:x/", "x"),
        ("ws://[::1/", "IPv6"),
        ("ws://me:secret@h/", "name and password"),
        ("ws://h/?channels=a#b", "%23"),
        ("ws://a..b/", "no host"),
        ("ws://" + "x" * 64 + "/", "no host"),
    ],
)
def test_an_address_that_cannot_be_is_refused_in_words(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as raised:
        checked(url)

    assert "secret" not in str(raised.value)


def drain(pieces: Iterator[str | bytes | None]) -> tuple[list[str | bytes | None], int]:
    """What came before the end, and its code."""
    found: list[str | bytes | None] = []
    with pytest.raises(Closed) as raised:
        found.extend(pieces)  # Keeps what came before it failed.
    return found, raised.value.code


@pytest.mark.integration
def test_a_refusal_carries_its_body() -> None:
    long = '{"msg":"no"}' + " " * 4095
    answers = told(403, "e", "no"), refusal(503, long, "retry-after: 5"), refusal(400)
    with playing(*answers) as it:
        seen = []
        for _ in range(3):
            with pytest.raises(Refused) as raised:
                next(receive(it.url))
            seen.append((raised.value.status, str(raised.value), raised.value.retry_after))

    assert seen == [(403, "403: e: no", 0.0), (503, "503: no", 5.0), (400, "400", 0.0)]


@pytest.mark.integration
def test_it_says_where_it_is_and_answers_pings() -> None:
    with playing(b"\x89\x02hi" + close(1001, "stops")) as it:
        assert drain(receive(it.url)) == ([None], 1001)

    (said,) = it.heard
    assert said[0] == 0x8A  # A pong of two masked bytes; then the close.
    assert said[1] == 0x82
    assert said[8] == 0x88


@pytest.mark.integration
def test_a_server_that_answers_no_ping_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "PING_SECONDS", 0.05)
    with playing(b"\x81\x02hi") as it:
        assert drain(receive(it.url)) == ([None, "hi\n"], 1006)
