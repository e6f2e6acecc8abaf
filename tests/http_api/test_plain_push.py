"""What is a push for the door; that the answers are those of Flask, a property test says."""

import logging
from contextlib import closing
from typing import Any

import pytest

from common.errors import QueueUnavailable
from common.serving.door.answer import Answer
from common.serving.door.plain import Head, read_head
from config.settings import Settings
from http_api.app import PLAIN_PUSH, create_app
from http_api.plain_push import PlainPush
from tests.support.door import FakeCaller
from tests.support.fakes import FakeCommits, FakePresenceReader, FakeQueue

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


def plain_push(queue: FakeQueue, **settings: Any) -> PlainPush:
    app = create_app(Settings(**settings), queue, FakePresenceReader())
    made: PlainPush = app.extensions[PLAIN_PUSH]
    made.commit_to(FakeCommits(queue), 0)
    return made


def head(target: str = "/push", headers: str = FORM, length: int = 0) -> Head:
    data = f"POST {target} HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {length}\r\n\r\n"
    found = read_head(data.encode())
    assert found is not None
    return found[0]


def answer(push: PlainPush, body: bytes = b"content=a", headers: str = FORM) -> Answer:
    told: list[Answer] = []
    with closing(FakeCaller()) as caller:
        assert push.answer(head(headers=headers, length=len(body)), body, caller, told.append)
    (only,) = told
    return only


def test_a_push_is_queued_and_answered() -> None:
    queue = FakeQueue()

    assert answer(plain_push(queue)).body == b'{"code":0,"msg":"success"}\n'
    assert queue.pushes == [[b"a"]]


def test_what_is_known_of_a_head_is_known_to_one_application() -> None:
    """The door keeps heads for all of a process; two with other limits may be in one, as here."""
    long = head("/push?content=" + "x" * 3000)
    answers: list[Answer] = []
    for limits in ({}, {"max_content_bytes": 64, "max_channels": 1}):
        made = plain_push(FakeQueue(), **limits)
        with closing(FakeCaller()) as caller:
            made.answer(long, b"", caller, answers.append)

    assert [each.status for each in answers] == [200, 413]
    assert b"content is larger than 64 bytes" in answers[1].body


# Recorded; each is a form or JSON with the content `a`.
FORM_OF = {
    "PHP, curl": "Accept: */*\r\n" + FORM,
    "PHP, stream": "Connection: close\r\n" + FORM,
    "curl": "User-Agent: curl/7.88.1\r\nAccept: */*\r\n" + FORM,
    "Go": f"User-Agent: Go-http-client/1.1\r\n{FORM}Accept-Encoding: gzip\r\n",
    "Guzzle": "User-Agent: GuzzleHttp/7\r\n" + FORM,
    "Node, http": FORM + "Connection: keep-alive\r\n",
    "Node, fetch": "connection: keep-alive\r\n"
    "content-type: application/x-www-form-urlencoded;charset=UTF-8\r\naccept: */*\r\n"
    "accept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\n"
    "accept-encoding: gzip, deflate\r\n",
    "requests": "User-Agent: python-requests/2.32.3\r\nAccept-Encoding: gzip, deflate\r\n"
    "Accept: */*\r\nConnection: keep-alive\r\n" + FORM,
    "urllib": f"Accept-Encoding: identity\r\n{FORM}User-Agent: Python-urllib/3.11\r\n",
}


@pytest.mark.parametrize("headers", FORM_OF.values(), ids=FORM_OF)
@pytest.mark.parametrize("is_json", [False, True])
def test_what_programs_send_is_answered_here(headers: str, is_json: bool) -> None:
    queue, body = FakeQueue(), b"content=a"
    if is_json:
        body = b'{"content":"a"}'
        for form in (FORM.split()[1], "application/x-www-form-urlencoded;charset=UTF-8"):
            headers = headers.replace(form, "application/json")
    push = plain_push(queue)

    assert push.takes(head(headers=headers, length=len(body)), len(body), is_whole=True)
    assert answer(push, body, headers).status == 200
    assert queue.pushes == [[b"a"]]


def test_what_is_refused_is_answered_at_once_and_not_queued() -> None:
    queue = FakeQueue()

    assert answer(plain_push(queue), b"content=a&channel=").status == 422
    assert queue.pushes == []


def test_a_push_of_nothing_is_told_as_refused_at_both_doors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "http_api")
    settings = Settings(push_tokens=(("shop", SCOPED),))
    app = create_app(settings, FakeQueue(), FakePresenceReader())
    door = app.extensions[PLAIN_PUSH]
    door.commit_to(FakeCommits(FakeQueue()), 0)
    headers = {"Authorization": f"Bearer {SCOPED}", "X-Request-Id": "r1"}

    assert app.test_client().post("/push", headers=headers).status_code == 200
    assert answer(door, b"", f"{OF_SCOPED}X-Request-Id: r1\r\n").status == 200

    lines = [each for each in caplog.records if each.__dict__["event"] == "refused"]
    assert [each.getMessage() for each in lines] == ["refused POST /push"] * 2
    for line in lines:
        told = line.__dict__["told"]
        assert told.pop("address")
        assert told == {"status": 200, "error": "content_empty", "by": "shop", "request": "r1"}


def test_a_failure_of_redis_is_a_503_and_noted(caplog: pytest.LogCaptureFixture) -> None:
    queue = FakeQueue()
    queue.fault = QueueUnavailable("away")

    assert answer(plain_push(queue)).status == 503
    assert "away" in caplog.text


def test_what_nobody_foresaw_is_a_500_with_its_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    push = plain_push(FakeQueue())
    monkeypatch.setattr(push, "_begin", lambda *_: 1 / 0)

    with caplog.at_level(logging.ERROR):
        assert answer(push).status == 500
    assert "ZeroDivisionError" in caplog.text


def test_only_pushes_are_taken() -> None:
    push = plain_push(FakeQueue())

    assert push.takes(head(), 0, is_whole=True)
    assert not push.takes(head("/push/batch"), 0, is_whole=True)


def test_no_body_is_awaited_that_is_too_long() -> None:
    push = plain_push(FakeQueue(), max_content_bytes=10)
    longest = push._bodies.longest

    assert push.takes(head(length=longest), longest, is_whole=False)
    assert not push.takes(head(length=longest + 1), longest + 1, is_whole=False)


def test_no_body_of_a_stranger_is_awaited() -> None:
    push = plain_push(FakeQueue(), push_tokens=(("one", "SESAME-SESAME-SESAME"),))
    right, wrong = (f"Authorization: Bearer {word}\r\n" for word in ("SESAME-SESAME-SESAME", "x"))

    assert push.takes(head(), 0, is_whole=True)
    assert push.takes(head(headers=right), 0, is_whole=False)
    assert not push.takes(head(headers=wrong), 0, is_whole=False)
    assert not push.takes(head(), 0, is_whole=False)


def test_a_token_and_the_limit_of_messages_hold() -> None:
    queue = FakeQueue()
    push = plain_push(
        queue,
        push_tokens=(("one", "SESAME-SESAME-SESAME"),),
        token_messages_per_second=2,
    )
    right = FORM + "Authorization: Bearer SESAME-SESAME-SESAME\r\n"

    assert answer(push).status == 401
    statuses = [answer(push, headers=right).status for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert queue.pushes == [[b"a"], [b"a"]]


def test_a_head_that_is_kept_lets_nobody_else_in_and_counts_each_time() -> None:
    one, other = "SESAME-SESAME-SESAME", "SESAME-SESAME-SESAMX"
    push = plain_push(FakeQueue(), push_tokens=(("one", one),), token_requests_per_second=3)
    elsewhere = plain_push(FakeQueue(), push_tokens=(("other", other),))
    right, wrong = (f"{FORM}Authorization: Bearer {token}\r\n" for token in (one, other))

    statuses = [answer(push, headers=each).status for each in (right, wrong, right, wrong, right)]

    assert statuses == [200, 401, 200, 401, 200]
    assert answer(push, headers=right).status == 429
    assert answer(elsewhere, headers=wrong).status == 200
    assert answer(elsewhere, headers=right).status == 401
    assert answer(push, headers=wrong).status == 401


def test_nothing_is_taken_without_a_way_to_redis() -> None:
    app = create_app(Settings(), FakeQueue(), FakePresenceReader())

    assert not app.extensions[PLAIN_PUSH].takes(head(), 0, is_whole=True)


SCOPED = "0123456789abcdef-shop"
OF_SCOPED = f"{FORM}Authorization: Bearer {SCOPED}\r\n"


@pytest.mark.parametrize(
    ("words", "query", "what"),
    [
        ("push=news", "", "to everybody"),
        ("push=news", "&user=42", "to 'user:42'"),
        ("push=news,user:42", "&channels=news,orders", "to 'orders'"),
        ("everybody", "&channel=news", "to 'news'"),
    ],
)
def test_a_push_outside_of_the_scope_is_refused_at_both_doors(
    words: str, query: str, what: str
) -> None:
    queue, form = FakeQueue(), f"content=a{query}"
    settings = Settings(push_tokens=(("shop", SCOPED, words),))
    app = create_app(settings, queue, FakePresenceReader())
    door = app.extensions[PLAIN_PUSH]
    door.commit_to(FakeCommits(queue), 0)
    headers = dict(line.split(": ") for line in OF_SCOPED.split("\r\n") if line)

    behind = app.test_client().post("/push", data=form, headers=headers)

    assert behind.status_code == 403
    assert f"may not push {what}; what it may: {words}" in behind.get_json()["msg"]
    for _ in range(2):  # Then the head is known.
        assert answer(door, form.encode(), OF_SCOPED).body == behind.data
    assert queue.pushes == []


def test_within_the_scope_it_is_queued() -> None:
    queue = FakeQueue()
    push = plain_push(queue, push_tokens=(("shop", SCOPED, "push=news.*"),))

    assert answer(push, b"content=a&channel=news.a", OF_SCOPED).status == 200
    assert len(queue.pushes) == 1


def test_who_may_not_push_at_all_is_refused_before_a_body_is_awaited() -> None:
    push = plain_push(FakeQueue(), push_tokens=(("shop", SCOPED, "read"),))

    assert not push.takes(head(headers=OF_SCOPED), 0, is_whole=False)
    assert b"may not push; what it may: read" in answer(push, b"content=a", OF_SCOPED).body
    assert answer(push, b"", OF_SCOPED).status == 403
