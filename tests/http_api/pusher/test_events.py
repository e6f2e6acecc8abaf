import json
from typing import Any

import pytest

from common.json_content import JsonText
from common.message import Message
from common.pusher.apps import App, Apps
from common.refused import Refused
from http_api.pusher.events import Triggered, read_batch, read_event
from http_api.reading.limits import BATCH_MESSAGES, BATCH_VALUES, Limits
from tests.support.pusher_http import TWO

LIMITS = Limits(content_bytes=20, channels=3)
EVENT = {"name": "paid", "channel": "orders", "data": "{}"}


def app(place: int) -> App:
    found = Apps(TWO).with_key(TWO[place][1])
    assert found is not None
    return found


def read(document: Any, place: int = 0) -> Triggered:
    return read_event(app(place), json.dumps(document).encode(), LIMITS)


def refused(document: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        read(document)
    return caught.value


def test_an_event_for_several_channels_is_one_message() -> None:
    event = {
        "name": "paid",
        "channels": ["a", "b", "a"],
        "data": '{ "n": 1.0 }',
        "socket_id": "12.34",
        "info": "user_count",
    }

    assert read(event) == Triggered(
        Message('{ "n": 1.0 }', ("a", "b"), "paid", "12.34"), ("a", "b"), "user_count"
    )
    assert read(event, 1).message.channels == ("7:a", "7:b")
    assert read(event, 1).channels == ("a", "b")


def test_one_channel_has_a_field_of_its_own() -> None:
    assert read(EVENT) == Triggered(Message("{}", ("orders",), "paid"), ("orders",), None)
    assert read({**EVENT, "socket_id": None, "info": None, "channels": None}) == read(EVENT)


def test_an_event_for_a_user_goes_to_the_users_channel() -> None:
    assert read({**EVENT, "channel": "#server-to-user-42"}).message.channels == ("user:42",)


def test_a_list_from_which_php_has_removed_one_is_a_list() -> None:
    event = {"name": "paid", "data": "", "channels": {"1": "b", "3": "d"}}

    assert read(event).message == Message("", ("b", "d"), "paid")


@pytest.mark.parametrize(
    ("data", "content"), [("", ""), ("text", "text"), (5, "5"), (True, "true"), (0.5, "0.5")]
)
def test_data_is_text(data: Any, content: str) -> None:
    assert read({**EVENT, "data": data}).message.content == content
    assert type(read({**EVENT, "data": data}).message.content) is str


def test_data_that_nobody_has_encoded_is_json() -> None:
    content = read({**EVENT, "data": {"a": [1]}}).message.content

    assert content == '{"a":[1]}'
    assert type(content) is JsonText


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ([], 400, "bad_trigger"),
        ("paid", 400, "bad_trigger"),
        ({**EVENT, "name": ""}, 400, "bad_trigger"),
        ({**EVENT, "name": None}, 400, "bad_trigger"),
        ({**EVENT, "name": 5}, 400, "bad_trigger"),
        ({**EVENT, "name": "\u6d88" * 201}, 400, "bad_trigger"),
        ({**EVENT, "name": "pusher:error"}, 400, "bad_trigger"),
        ({**EVENT, "name": "pusher_internal:member_added"}, 400, "bad_trigger"),
        ({**EVENT, "data": None}, 400, "bad_trigger"),
        ({**EVENT, "data": "a" * 21}, 413, "content_too_large"),
        ({**EVENT, "data": "\u6d88" * 7}, 413, "content_too_large"),
        ({**EVENT, "data": ["a" * 20]}, 413, "content_too_large"),
        ({**EVENT, "data": "\ud800"}, 400, "bad_trigger"),
        ({**EVENT, "channel": None}, 400, "bad_trigger"),
        ({**EVENT, "channel": ""}, 400, "bad_trigger"),
        ({**EVENT, "channel": "a b"}, 400, "bad_trigger"),
        ({**EVENT, "channel": "user:42"}, 400, "bad_trigger"),
        ({**EVENT, "channel": 5}, 400, "bad_trigger"),
        ({**EVENT, "channel": ["a"]}, 400, "bad_trigger"),
        ({**EVENT, "channels": ["a"]}, 400, "bad_trigger"),
        ({**EVENT, "channel": None, "channels": []}, 400, "bad_trigger"),
        ({**EVENT, "channel": None, "channels": {}}, 400, "bad_trigger"),
        ({**EVENT, "channel": None, "channels": "a"}, 400, "bad_trigger"),
        ({**EVENT, "channel": None, "channels": list("abcd")}, 400, "bad_trigger"),
        ({**EVENT, "channel": None, "channels": ["a", None]}, 400, "bad_trigger"),
        ({**EVENT, "socket_id": "1"}, 400, "bad_trigger"),
        ({**EVENT, "socket_id": "1.2\n"}, 400, "bad_trigger"),
        ({**EVENT, "socket_id": 1.2}, 400, "bad_trigger"),
        ({**EVENT, "info": 5}, 400, "bad_trigger"),
        ({**EVENT, "info": "a" * 201}, 400, "bad_trigger"),
    ],
)
def test_what_is_wrong_is_refused(wrong: Any, status: int, error: str) -> None:
    problem = refused(wrong)

    assert (problem.status, problem.error) == (status, error)


def test_the_number_of_channels_is_looked_at_before_their_names() -> None:
    assert refused({**EVENT, "channel": None, "channels": [""] * 4}).reason.startswith(
        "Cannot trigger on more"
    )


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"name":NaN}', b"[" * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read_event(app(0), body, LIMITS)

    assert caught.value.error in ("invalid_json", "content_not_text")


def batch(document: Any) -> list[Triggered]:
    portions = read_batch(app(0), json.dumps(document).encode(), LIMITS)
    return [event for portion in portions for event in portion]


def test_a_batch_is_read_event_by_event() -> None:
    other = {**EVENT, "channel": "b", "info": "subscription_count"}

    assert batch({"batch": [EVENT, other]}) == [read(EVENT), read(other)]
    many = {"batch": [EVENT] * 300}
    portions = list(read_batch(app(0), json.dumps(many).encode(), LIMITS))
    assert [len(each) for each in portions] == [128, 128, 44]


@pytest.mark.parametrize("wrong", [[], {}, {"batch": None}, {"batch": []}, {"batch": {"0": EVENT}}])
def test_a_batch_is_a_list(wrong: Any) -> None:
    with pytest.raises(Refused, match=r"batch must be a list|a JSON object"):
        batch(wrong)


def test_a_refusal_says_which_of_a_batch_is_wrong() -> None:
    with pytest.raises(Refused) as caught:
        batch({"batch": [EVENT, {**EVENT, "name": ""}]})

    assert (caught.value.index, caught.value.status) == (1, 400)
    assert str(caught.value).endswith("(item 1)")


def test_too_large_a_batch_is_not_read() -> None:
    with pytest.raises(Refused, match="at most 10000") as caught:
        batch({"batch": [0] * (BATCH_MESSAGES + 1)})
    assert caught.value.status == 413
    with pytest.raises(Refused, match="values"):
        batch({"batch": [[0] * (BATCH_VALUES + 1)]})
