"""The parameters of what is only read."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from common.refused import Refused
from http_api.watching.questions import (
    MessagesQuestion,
    NamesQuestion,
    messages_question,
    names_question,
    nothing_else,
    stream_question,
)


def arguments(query: str) -> MultiDict[str, str]:
    parts = [part.partition("=") for part in query.split("&") if part]
    return MultiDict([(name, value) for name, _, value in parts])


def messages(query: str) -> MessagesQuestion:
    return messages_question(arguments(query), 3)


def stream(query: str, last_id: str | None = None) -> MessagesQuestion:
    return stream_question(arguments(query), last_id, 3)


def names(query: str) -> NamesQuestion:
    return names_question(arguments(query))


def test_nothing_asks_for_the_first_hundred() -> None:
    assert names("") == NamesQuestion("", "", 100)
    assert messages("") == MessagesQuestion(None, None, None, None, 100)


def test_everything_that_can_be_asked_is_read() -> None:
    assert names("after=a&prefix=b.&limit=1000") == NamesQuestion("a", "b.", 1000)
    assert messages("after=e1-1-0&limit=1").after == "e1-1-0"
    assert messages("before=e1-1-0&last=7").last == 7
    assert messages("before=e1-1-0").last == 100
    assert messages("channel=a&channels=b,c.*").wanted == frozenset(["a", "b", "c.*"])
    assert messages("user=1&users=2,3").wanted == frozenset(["user:1", "user:2", "user:3"])


def test_the_place_after_a_wildcard_is_one() -> None:
    assert names("after=orders.*").after == "orders.*"


def test_a_stream_begins_at_the_end_or_where_it_ended() -> None:
    assert stream("") == MessagesQuestion(None, None, None, 0, 100)
    assert stream("last=5").last == 5
    assert stream("after=e1-1-0").after == "e1-1-0"
    again = stream("last=5", "e1-2-0")
    assert (again.after, again.last) == ("e1-2-0", None)


def test_the_header_of_a_stream_says_where_it_goes_on_whatever_the_address_said() -> None:
    assert stream("after=e1-1-0", "e1-2-0").after == "e1-2-0"
    assert len(stream("", "x" * 5000).after or "") < 200


def test_a_stream_may_be_a_sample() -> None:
    assert stream("last=5&sample=50").sample == 50
    assert stream("sample=50", "e1-1-0").sample == 50
    for query in ("sample=0", "sample=1001", "sample=", "sample=all"):
        with pytest.raises(Refused, match="sample"):
            stream(query)


def test_who_asks_with_a_parameter_where_there_is_none_is_told_of_no_other() -> None:
    with pytest.raises(Refused) as refused:
        nothing_else(arguments("x=1"))

    assert refused.value.reason == "there is no parameter 'x'"


@pytest.mark.parametrize("ask", [names, messages, stream])
@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("nothing=1", "unknown_field"),
        ("limits=1", "unknown_field"),
        ("after=a&after=b", "bad_page"),
    ],
)
def test_what_no_question_has_is_refused(ask: Callable[[str], Any], query: str, error: str) -> None:
    with pytest.raises(Refused) as refused:
        ask(query)

    assert (refused.value.error, refused.value.status) == (error, 422)


@pytest.mark.parametrize("text", ["", "0", "1001", "-1", "1.5", "a", "١", "9" * 30, "1e3", " 1"])
@pytest.mark.parametrize(
    ("ask", "name"), [(names, "limit"), (messages, "limit"), (messages, "last")]
)
def test_a_number_is_from_1_to_1000(ask: Callable[[str], Any], name: str, text: str) -> None:
    with pytest.raises(Refused) as refused:
        ask(f"{name}={text}")

    assert refused.value.error == "bad_page"


@pytest.mark.parametrize(
    "query",
    [
        "after=a&last=1",
        "after=a&before=b",
        "last=1&limit=1",
        "after=",
        "before=",
        "after=" + "x" * 101,
    ],
)
def test_a_place_that_means_nothing_is_refused(query: str) -> None:
    with pytest.raises(Refused) as refused:
        messages(query)

    assert refused.value.error == "bad_page"


@pytest.mark.parametrize("query", ["prefix=a b", "after=é", "prefix=*"])
def test_a_name_that_cannot_be_is_refused(query: str) -> None:
    with pytest.raises(Refused) as refused:
        names(query)

    assert refused.value.error == "bad_page"


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("channel=a b", "bad_channel"),
        ("channel=", "bad_channel"),
        ("channels=a,", "bad_channel"),
        ("channel=*", "bad_channel"),
        ("user=", "bad_user"),
        ("user=user:42", "bad_user"),
        ("users=a,*", "bad_user"),
        ("channels=a,b,c&user=d", "too_many_channels"),
    ],
)
def test_whom_to_look_at_must_be_possible(query: str, error: str) -> None:
    with pytest.raises(Refused) as refused:
        messages(query)

    assert refused.value.error == error


def test_a_stream_takes_either_place() -> None:
    with pytest.raises(Refused):
        stream("after=a&last=1")
