import json

import pytest

from common.refused import Refused


def test_a_refusal_has_the_status_of_its_error() -> None:
    refused = Refused("content_too_large", "too large")

    assert str(refused) == "too large"
    assert (refused.status, refused.error, refused.index) == (413, "content_too_large", None)
    assert refused.headers == {}


def test_a_name_that_is_not_in_the_table_cannot_be_answered() -> None:
    with pytest.raises(KeyError):
        Refused("content_too_larg", "too large")


def test_a_listener_is_answered_with_the_second_status_of_a_name() -> None:
    assert Refused("bad_channel", "none").status == 422
    assert Refused("bad_channel", "none", status=400).status == 400


def test_a_refusal_in_a_batch_names_the_item_even_the_first() -> None:
    refused = Refused("too_many_bodies", "full", {"Retry-After": "1"}).of_item(0)

    assert str(refused) == "full (item 0)"
    assert (refused.status, refused.headers) == (503, {"Retry-After": "1"})


def test_an_item_keeps_a_status_that_is_not_the_usual_one() -> None:
    assert Refused("bad_channel", "none", status=400).of_item(3).status == 400


def test_a_401_says_what_is_wanted() -> None:
    assert Refused("unauthorized", "none").headers == {"WWW-Authenticate": "Bearer"}
    assert Refused("token_expired", "old", {"X": "1"}).headers["WWW-Authenticate"] == "Bearer"


def test_the_body_is_compact_json_in_utf_8_and_ends_its_line() -> None:
    body = Refused("content_empty", "内容不能为空", index=0).body()

    assert body == ('{"code":-1,"error":"content_empty","index":0,"msg":"内容不能为空"}\n'.encode())


def test_the_body_names_no_item_where_there_is_none() -> None:
    assert json.loads(Refused("bad_last", "no").body()).keys() == {"code", "error", "msg"}
