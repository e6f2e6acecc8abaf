"""What a client may say in the json format."""

import json

import pytest

from common.message import Mark
from common.refused import Refused
from ws_server.inbox.commands import Change, Confirm, Refresh, explain, parse_command

NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ({"subscribe": ["a", "b.*"]}, Change(frozenset(["a", "b.*"]), NONE)),
        ({"unsubscribe": ["a"]}, Change(NONE, frozenset(["a"]))),
        ({"subscribe": ["a"], "unsubscribe": ["b"]}, Change(frozenset(["a"]), frozenset(["b"]))),
        ({"subscribe": []}, Change(NONE, NONE)),
        ({"token": "abc"}, Refresh("abc")),
        ({"confirm": "e-1-2"}, Confirm(Mark("e", (1 << 64) + 2))),
    ],
)
def test_a_command_is_an_object_with_its_name(said: object, command: object) -> None:
    assert parse_command(json.dumps(said)) == command


@pytest.mark.parametrize(
    "said",
    ["", "hello", "[]", "1", '"subscribe"', "{", "{}", '{"type": "chat"}', b'{"subscribe": ["a"]}'],
)
def test_anything_else_is_a_message_for_a_hook(said: str | bytes) -> None:
    assert parse_command(said) is None


@pytest.mark.parametrize(
    "said",
    [
        {"subscribe": "a"},
        {"subscribe": [1]},
        {"unsubscribe": None},
        {"subscribe": ["a"], "to": "b"},
        {"token": 1},
        {"token": "a", "subscribe": ["b"]},
        {"confirm": 1},
        {"confirm": "1-2"},
        {"confirm": "e-1-2", "subscribe": ["b"]},
        {"confirm": "e-1-2", "x": 1},
    ],
)
def test_a_wrong_command_is_refused(said: object) -> None:
    with pytest.raises(Refused) as refused:
        parse_command(json.dumps(said))

    assert refused.value.error == "bad_command"


@pytest.mark.parametrize("before", ["\ufeff", " \r\n", "\t\ufeff"])
def test_a_byte_order_mark_and_blanks_around_a_command_mean_nothing(before: str) -> None:
    assert parse_command(before + '{"subscribe": ["a"]}\n') == Change(frozenset(["a"]), NONE)


@pytest.mark.parametrize(
    "said", ['{"subscribe": ["a"], "subscribe": ["b"]}', '{"token": "a", "token": "b"}']
)
def test_a_name_that_stands_twice_in_a_command_is_refused(said: str) -> None:
    with pytest.raises(Refused, match="twice"):
        parse_command(said)


def test_a_name_that_stands_twice_elsewhere_is_for_the_hook() -> None:
    assert parse_command('{"x": 1, "x": 2, "y": {"token": 1, "token": 2}}') is None


@pytest.mark.parametrize("name", ["subscribe", "unsubscribe"])
def test_who_names_one_channel_as_text_is_shown_the_list(name: str) -> None:
    with pytest.raises(Refused, match=rf'list of channels: {{"{name}": \["orders"\]}}'):
        parse_command(json.dumps({name: "a"}))


def test_what_is_no_command_is_told_what_one_looks_like() -> None:
    assert '{"subscribe": ["orders"]}' in explain('{"type": "subscribe", "channels": ["b"]}')
    assert "a text frame" in explain(b'{"subscribe": ["a"]}')


def test_a_deeply_nested_text_is_no_command() -> None:
    assert parse_command('{"a":' * 100_000) is None
    assert parse_command('{"subscribe":' + "[" * 100_000 + "]" * 100_000 + "}") is None
