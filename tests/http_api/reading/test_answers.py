from common.message import Tracked
from http_api.reading.answers import CONTENT_EMPTY_BODY, SUCCESS_BODY, batch_body, success_body


def test_the_answers_are_these_bytes() -> None:
    assert SUCCESS_BODY == b'{"code":0,"msg":"success"}\n'
    empty = '{"code":-1,"error":"content_empty","msg":"内容不能为空"}\n'
    assert empty.encode() == CONTENT_EMPTY_BODY
    assert success_body("p") is SUCCESS_BODY
    assert success_body(Tracked("p")) == b'{"code":0,"id":"p","msg":"success"}\n'
    assert batch_body(3) == b'{"code":0,"count":3,"msg":"success"}\n'
