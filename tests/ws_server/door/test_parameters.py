"""The query of a client that listens: what is known, what is ignored, and what was meant."""

import pytest

from common.refused import Refused
from ws_server.door.parameters import KNOWN, read


def refusal(query: str) -> str:
    with pytest.raises(Refused) as raised:
        read(query)
    return str(raised.value)


def test_what_is_known_is_read_as_text() -> None:
    found = read("channels=a,b&x=1&channels=c&format=json&last=&token=a+b%26")

    assert found.all("channels") == ["a,b", "c"]
    assert (found.last("format"), found.last("last"), found.last("token")) == ("json", "", "a b&")
    assert ("last" in found, "last_id" in found) == (True, False)
    assert found.last("last_id") == ""


def test_percent_encoded_and_raw_utf_8_are_the_same() -> None:
    raw = "last_id=消息".encode().decode("latin-1")  # As WSGI hands on what it reads.

    assert read(raw).last("last_id") == read("last_id=%E6%B6%88%E6%81%AF").last("last_id") == "消息"


@pytest.mark.parametrize(
    "query",
    [
        "chanels=a",
        "chanel=a",
        "channel=a",
        "chanells=a",
        "channles=a",
        "cannels=a",
        "Channels=a",
        "CHANNELS=a",
        "channels%20=a",
        "channnels=a",
        "channelss=a",
        "channels1=a",
        "chann%C3%A9ls=a",
        "chann%E9ls=a",
        "amp;channels=a",
        "amp%3Bchannels=a",
        "%22channels%22=a",
        "channels:a",
        "channels/a",
        "channels+a",
        "channels%3Da",
        "channels42=a",
        "%EF%BD%83hannels=a",
    ],
)
def test_channels_that_are_misspelled_are_not_ignored(query: str) -> None:
    assert "did you mean channels?" in refusal(query)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Format", "format"),
        ("fromat", "format"),
        ("formt", "format"),
        ("formats", "format"),
        ("lastid", "last_id"),
        ("last-id", "last_id"),
        ("lastId", "last_id"),
        ("last_ids", "last_id"),
        ("lasts", "last"),
        ("LAST", "last"),
        ("tokens", "token"),
        ("Token", "token"),
        ("tocken", "token"),
        ("lastEventIds", "lastEventId"),
    ],
)
def test_a_misspelled_name_is_told_the_right_one(name: str, meant: str) -> None:
    assert refusal(f"{name}=x") == f"there is no parameter {name!r}; did you mean {meant}?"


@pytest.mark.parametrize("name", ["channels[]", "channels[0]", "channels%5B%5D", "channels[a]"])
def test_a_list_of_php_is_told_how_to_join(name: str) -> None:
    assert "join the names with commas" in refusal(f"{name}=orders")


@pytest.mark.parametrize("name", ["user", "users", "User", "user[]", "users%5B0%5D", "usr"])
def test_a_user_is_told_that_a_token_says_it(name: str) -> None:
    assert "a token" in refusal(f"{name}=42")


STRANGERS = (
    "uid user_id userid username used use lat past list form room platform change changes chan"
    " channel_id session _ t v tok flats lats buses taken sure v2"
)


@pytest.mark.parametrize("name", ["", *STRANGERS.split()])
def test_what_belongs_to_the_page_is_ignored(name: str) -> None:
    assert read(f"{name}=1&format=json").given == {"format": ["json"]}


@pytest.mark.parametrize("name", sorted(KNOWN))
@pytest.mark.parametrize("value", ["%ff", "a%E9", "%ED%A0%80", "\xe9", "%D5%C5"])
def test_bytes_that_are_no_text_are_refused_by_name(name: str, value: str) -> None:
    assert refusal(f"{name}={value}") == f"{name} is not UTF-8"


def test_bytes_of_the_page_may_be_what_they_like() -> None:
    assert read("name=%D5%C5&%ff=%ff&x=\xff").given == {}


def test_a_long_query_of_strangers_takes_no_time() -> None:
    assert read("&".join(f"chan{n}" for n in range(1000))).given == {}


def test_a_url_from_html_is_not_read_in_part() -> None:
    assert "did you mean last_id?" in refusal("format=json&amp;last_id=1")
    assert "did you mean token?" in refusal("channels=a&amp;token=b")
