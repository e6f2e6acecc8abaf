"""The bytes of an answer."""

import pytest

from common.serving.door import answer
from common.serving.door.answer import Answer, Writer


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    monkeypatch.setattr(answer, "time", lambda: 0.0)
    return Writer("s")


def test_an_answer_has_the_headers_that_gunicorn_gives_it(writer: Writer) -> None:
    data = writer.write(Answer(503, b"{}", {"Retry-After": "1"}), is_last=False)

    assert data.split(b"\r\n") == [
        b"HTTP/1.1 503 SERVICE UNAVAILABLE",
        b"Server: s",
        b"Date: " + data.split(b"\r\n")[2][6:],
        b"Connection: keep-alive",
        b"Content-Type: application/json; charset=utf-8",
        b"Content-Length: 2",
        b"Retry-After: 1",
        b"",
        b"{}",
    ]


def test_the_last_one_says_so(writer: Writer) -> None:
    same = Answer(200, b"{}")

    assert b"Connection: keep-alive\r\n" in writer.write(same, is_last=False)
    assert b"Connection: close\r\n" in writer.write(same, is_last=True)


def test_the_date_is_that_of_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer("s")
    dates = []
    for now in (0.0, 0.9, 86400.0):
        monkeypatch.setattr(answer, "time", lambda now=now: now)
        dates.append(writer.write(Answer(200, b"{}"), is_last=False).split(b"\r\n")[2])

    assert dates[0] == dates[1]
    assert dates[2] == b"Date: Fri, 02 Jan 1970 00:00:00 GMT"
