import pytest

from message_center_client.errors import Closed, NotConfirmed, Refused


def test_a_refusal_has_what_the_server_says() -> None:
    body = '{"code":-1,"error":"content_empty","msg":"内容不能为空","index":3}'
    refused = Refused.read(422, body.encode(), "7")

    assert str(refused) == "422: content_empty: 内容不能为空"
    assert (refused.status, refused.code, refused.error) == (422, -1, "content_empty")
    assert (refused.msg, refused.index, refused.retry_after) == ("内容不能为空", 3, 7.0)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff", b"[" * 100_000, b'{"msg":1}'])
def test_the_answer_of_a_stranger_is_a_refusal_too(body: bytes) -> None:
    refused = Refused.read(502, body, "Wed, 21 Oct 2015 07:28:00 GMT")

    assert str(refused) == "502"
    assert (refused.code, refused.index, refused.retry_after) == (-1, None, 0.0)


def test_the_others_say_what_has_happened() -> None:
    assert str(Closed(4003, "thrown out")) == "closed: 4003 thrown out"
    assert str(Closed(1006)) == "closed: 1006"
    assert str(NotConfirmed(["a"], TimeoutError())) == "not confirmed: TimeoutError"
    assert str(NotConfirmed(["a"], OSError("no route"))) == "not confirmed: no route"
