"""What is told of a push."""

import logging

import pytest

from common.journal.kind import Kind
from common.message import Message
from http_api.watching.journal import MOST_NAMED, pushes, tell_batch, tell_empty, tell_push

log = logging.getLogger("pushes")


@pytest.fixture
def kind(caplog: pytest.LogCaptureFixture) -> Kind:
    caplog.set_level(logging.INFO, "pushes")
    return pushes(log)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Message("S3CRET"), "everybody"),
        (Message("\x1eS3CRET"), "everybody"),
        (Message("S3CRET", ("news", "user:42")), "news, user:42"),
        (Message("S3CRET", tuple("abcdefg")), "a, b, c, d, e and 2 more"),
    ],
)
def test_a_push_is_told_by_whom_it_is_for_and_its_length(
    kind: Kind, caplog: pytest.LogCaptureFixture, message: Message, words: str
) -> None:
    tell_push(kind, message.to_item(), "shop", None)

    (record,) = caplog.records
    assert record.getMessage() == f"push to {words}"
    assert record.__dict__["told"] == {"bytes": len(message.content), "by": "shop"}
    assert MOST_NAMED == 5


def test_a_batch_is_one_line(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    tell_batch(kind, 500, None, "r1")

    (record,) = caplog.records
    assert record.getMessage() == "push of 500 messages"
    assert record.__dict__["told"] == {"messages": 500, "request": "r1"}


def test_a_push_of_nothing_is_a_refusal(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    tell_empty(kind, "GET", "10.0.0.7", None, "r1")

    (record,) = caplog.records
    assert record.getMessage() == "refused GET /push"
    told = {"status": 200, "error": "content_empty", "address": "10.0.0.7", "request": "r1"}
    assert record.__dict__["told"] == told
