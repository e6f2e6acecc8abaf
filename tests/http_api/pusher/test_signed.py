from collections.abc import Sequence
from time import time
from typing import Any

import pytest

from common.pusher.apps import Apps
from common.refused import Refused
from http_api.pusher.signed import (
    GRACE,
    MOST_SHOWN,
    Signed,
    Target,
    read_head,
    refuse_foreign,
    refuse_other_body,
)
from tests.support.pusher_http import APP_ID, KEY, ONE, SECRET, TWO, Parameters, query, sign, signed

APPS = Apps(TWO)
PATH = "/apps/3/events"


def read(parameters: Parameters | str, path: str = PATH, method: str = "GET") -> Signed:
    text = parameters if isinstance(parameters, str) else query(parameters)
    raw = path.encode()
    return read_head(APPS, Target(method, raw, raw, text.encode()), time())


def refused(parameters: Parameters | str, path: str = PATH) -> Refused:
    with pytest.raises(Refused) as caught:
        read(parameters, path)
    return caught.value


def test_the_example_of_the_documents_is_right() -> None:
    """https://pusher.com/docs/channels/library_auth_reference/rest-api/#worked-authentication-example"""
    body = b'{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}'
    asked = (
        "body_md5=ec365a775a4cd0599faeb73354201b6f&auth_version=1.0&auth_key=278d425bdf160c739803"
        "&auth_timestamp=1353088179"
        "&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
    )
    target = Target("POST", PATH.encode(), PATH.encode(), asked.encode())

    found = read_head(Apps(ONE), target, 1353088179 + GRACE)

    assert (found.app.id, found.parameters) == ("3", {})
    refuse_other_body(found, body)


def test_what_is_asked_for_is_what_was_signed() -> None:
    asked = [("info", "user_count"), ("filter_by_prefix", "presence-a b&c=d%+\u6d88")]

    assert read(signed("GET", PATH, asked=asked)).parameters == dict(asked)


def test_what_is_not_encoded_is_taken_as_it_is() -> None:
    """As the library for Go asks."""
    asked = [("filter_by_prefix", "消息")]
    raw = "&".join(map("=".join, signed("GET", PATH, asked=asked)))

    assert read(raw).parameters == dict(asked)


def test_version_and_body_may_be_left_out() -> None:
    """As webman does."""
    assert read(signed("GET", PATH, auth_version="")).app.id == "3"


@pytest.mark.parametrize(
    ("several", "joined"),
    [
        ([("info", "a"), ("info", "b")], "a,b"),
        ([("info[]", "a"), ("info[]", "b")], "a,b"),
        ([("info[0]", "a"), ("info[1]", "b")], "a,b"),
        ([("INFO", "a"), ("info", "b")], "a,b"),
    ],
)
def test_a_list_is_joined_with_commas(several: list[tuple[str, str]], joined: str) -> None:
    right = [each for each in signed("GET", PATH, asked=[("info", joined)]) if each[0] != "info"]

    assert read([*several, *right]).parameters == {"info": joined}


@pytest.mark.parametrize(
    ("other", "status", "says"),
    [
        ({"auth_key": ""}, 401, "Missing parameter: auth_key"),
        ({"auth_timestamp": ""}, 401, "Missing parameter: auth_timestamp"),
        ({"auth_signature": ""}, 401, "Missing parameter: auth_signature"),
        ({"auth_key": "nobody"}, 404, "Unknown auth_key"),
        ({"auth_key": TWO[1][1]}, 401, "Invalid signature"),
        ({"auth_version": "2.0"}, 401, "Version not supported"),
        ({"auth_timestamp": "now"}, 401, "Invalid auth_timestamp"),
        ({"auth_timestamp": "-1"}, 401, "Invalid auth_timestamp"),
        ({"auth_timestamp": "\u0661"}, 401, "Invalid auth_timestamp"),
        ({"auth_timestamp": "9" * 12}, 401, "Invalid auth_timestamp"),
        ({"auth_timestamp": "9" * 11}, 401, "Timestamp expired"),
        ({"auth_signature": "0" * 64}, 401, "Invalid signature"),
        ({"auth_signature": "\u00e9"}, 401, "Invalid signature"),
    ],
)
def test_who_has_not_signed_is_refused(other: dict[str, Any], status: int, says: str) -> None:
    problem = refused(signed("GET", PATH, **other))

    assert (problem.status, problem.reason[: len(says)]) == (status, says)


@pytest.mark.parametrize("seconds", [-GRACE - 5, GRACE + 5])
def test_a_request_is_not_for_ever(seconds: int) -> None:
    then = str(int(time()) + seconds)

    assert refused(signed("GET", PATH, auth_timestamp=then)).reason.startswith("Timestamp expired")
    assert read(signed("GET", PATH, auth_timestamp=str(int(time()) + seconds // 2)))


@pytest.mark.parametrize("path", ["/apps/3/channels", "/apps/3/events/", "/apps/4/events"])
def test_the_path_is_signed(path: str) -> None:
    assert refused(signed("GET", PATH), path).error == "bad_signature"


def test_the_method_is_signed() -> None:
    with pytest.raises(Refused):
        read(signed("GET", PATH), method="POST")


@pytest.mark.parametrize("name", ["auth_key", "auth_signature", "AUTH_TIMESTAMP", "body_md5[]"])
def test_no_parameter_of_the_signature_stands_twice(name: str) -> None:
    right = signed("GET", PATH, body_md5="0" * 32)
    problem = refused([*right, (name, "1")])

    assert (problem.error, problem.status) == ("bad_trigger", 400)


def test_a_path_may_be_signed_before_it_is_encoded_or_after() -> None:
    plain, sent = "/apps/3/users/a b\u6d88/terminate", "/apps/3/users/a%20b%E6%B6%88/terminate"
    for path in (plain, sent):
        asked = query(signed("POST", path)).encode()
        target = Target("POST", sent.encode(), plain.encode(), asked)
        assert read_head(APPS, target, time()).app.id == "3"


def refuse(body: bytes, **other: Any) -> None:
    refuse_other_body(read(signed("GET", PATH, b"{}", **other)), body)


def test_the_body_that_was_signed_is_taken() -> None:
    refuse(b"{}")
    refuse(b"", body_md5="")
    refuse(b"", body_md5="d41d8cd98f00b204e9800998ecf8427e")  # As Python's library asks.


@pytest.mark.parametrize(
    ("body", "other", "says"),
    [
        (b"{} ", {}, "Invalid body_md5"),
        (b"", {}, "Invalid body_md5"),
        (b"{}", {"body_md5": ""}, "Missing parameter: body_md5"),
    ],
)
def test_another_body_is_refused(body: bytes, other: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says) as caught:
        refuse(body, **other)

    assert caught.value.status == 401


def test_the_path_cannot_name_another_application() -> None:
    of_first = read(signed("GET", PATH))

    for id_ in (APP_ID, "1024"):  # As webman writes for all.
        refuse_foreign(APPS, of_first, id_)
    with pytest.raises(Refused, match="another application"):
        refuse_foreign(APPS, of_first, "7")


def right_signatures(parameters: Sequence[tuple[str, str]]) -> list[str]:
    rest = [each for each in parameters if each[0] != "auth_signature"]
    return [sign(secret, "GET", PATH, rest) for _, _, secret in TWO]


@pytest.mark.parametrize("other", [{}, {"auth_timestamp": "1"}, {"auth_version": "2.0"}])
def test_a_refusal_does_not_tell_what_is_right(other: dict[str, Any]) -> None:
    parameters = signed("GET", PATH, auth_signature="0" * 64, **other)
    said = refused(parameters).reason

    assert not any(right in said for right in right_signatures(parameters))
    assert SECRET not in said


def test_a_refusal_tells_what_should_have_been_signed() -> None:
    parameters = signed("GET", PATH, asked=[("info", "user_count")], auth_signature="0")
    said = refused(parameters).reason

    assert f'HmacSHA256Hex("GET\\n{PATH}\\nauth_key={KEY}&auth_timestamp=' in said
    assert '&info=user_count", your_secret_key)' in said
    long = signed("GET", PATH, asked=[("info", "a" * 9000)], auth_signature="0")
    assert len(refused(long).reason) < MOST_SHOWN + 200
