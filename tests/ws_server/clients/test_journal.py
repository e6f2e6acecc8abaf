"""What is told of clients, and of what was sent to them."""

import logging

import pytest

from tests.support.parts import Parts
from ws_server.clients.journal import log
from ws_server.wire.close_codes import KICKED, CloseCode


@pytest.fixture(autouse=True)
def _told(caplog: pytest.LogCaptureFixture) -> None:
    """Before the parts are made."""
    caplog.set_level(logging.INFO, log.name)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_how_many_got_a_message_is_told_and_not_the_message(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        parts.connect()
    parts.publish(b"S3CRET")
    parts.publish(b"S3CRET", b"S3CRET")

    one, two = lines(caplog)
    assert one.startswith("sent to 2 clients in ")
    assert two.startswith("sent 2 messages in ")
    assert two.endswith(" ms, 4 deliveries")
    assert "S3CRET" not in str([record.__dict__ for record in caplog.records])


def test_a_close_is_told_with_our_words_and_never_with_a_clients_own(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    for close in (KICKED, CloseCode(4444, "S3CRET")):
        connection, _ = parts.connect()
        parts.hub.sender.close(connection, close)

    assert lines(caplog) == ["closing a client: thrown out", "closing a client"]
    assert [record.__dict__["told"]["code"] for record in caplog.records] == [4003, 4444]


def test_one_that_is_quiet_tells_nothing(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    parts.hub.journal.be_quiet()
    connection, _ = parts.connect()
    parts.publish(b"a")
    parts.hub.sender.close(connection, KICKED)

    assert caplog.records == []


def test_who_comes_and_goes_is_told(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    connection, _ = parts.connect()
    parts.hub.journal.tell_came(connection, "json", 1)
    parts.hub.journal.tell_went(connection, 0)

    assert [(record.getMessage(), record.__dict__["told"]) for record in caplog.records] == [
        ("a client came", {"format": "json", "here": 1}),
        ("a client went", {"here": 0}),
    ]
