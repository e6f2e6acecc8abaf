"""What a client is sent first, by where it begins."""

import json

import pytest

from tests.support.parts import Parts, Peer
from ws_server.clients.beginning import AT_THE_HEAD, Beginning
from ws_server.door.listen import Listen
from ws_server.wire.close_codes import TRY_AGAIN
from ws_server.wire.gap_reasons import UNKNOWN


def told(client: Peer, count: int) -> list[str]:
    """The type of each notice, the content of each message."""
    rows = [json.loads(text) for text in client.texts(count)]
    return [row.get("type") or row["content"] for row in rows]


@pytest.mark.parametrize(
    ("beginning", "first"),
    [
        (AT_THE_HEAD, ["welcome", "new"]),
        (Beginning(0), ["welcome", "old", "new"]),
        (Beginning(1 << 64, asked="e1-1-0"), ["welcome", "new"]),
        (Beginning(0, asked="x", missing=UNKNOWN), ["gap", "welcome", "old", "new"]),
    ],
)
def test_a_client_gets_what_follows_its_beginning(
    parts: Parts, beginning: Beginning, first: list[str]
) -> None:
    parts.start_catch_up()
    parts.connect()  # For which memory keeps what comes.
    parts.publish(b"old")
    _, client = parts.connect(listen=Listen("json"), beginning=beginning)
    parts.publish(b"new")

    assert told(client, len(first)) == first


def test_a_client_that_is_refused_is_only_closed(parts: Parts) -> None:
    _, client = parts.connect(beginning=Beginning(refused=TRY_AGAIN))

    assert client.close_code() == TRY_AGAIN.code


def test_nothing_found_is_the_head() -> None:
    assert Beginning() == AT_THE_HEAD
