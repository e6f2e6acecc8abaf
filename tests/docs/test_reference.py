"""What is generated from the code is up to date, and says what the code does."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest

from common.message import Mark
from config.load import load
from config.settings import Settings, describe
from docs.reference import listening
from docs.reference.commands import COMMANDS
from docs.reference.files import generated, page
from docs.reference.language import CHINESE, Language, Untranslated
from docs.rooms import ROOT
from message_center_client.listener import FOR_GOOD
from ws_server.door.listen import FORMATS, MOST_LAST, PROTOCOLS
from ws_server.wire import close_codes, gap_reasons
from ws_server.wire.close_codes import CloseCode
from ws_server.wire.frames import PING, JsonFrames, frame

EXAMPLE = ROOT / ".env.example"


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_a_generated_file_is_what_the_code_says(path: Path) -> None:
    is_stale = path.read_text("utf-8") != generated()[path]

    assert not is_stale, f"{path.relative_to(ROOT)} is stale: run `make docs`"


def test_every_translation_is_of_something_in_the_code() -> None:
    page(CHINESE, "page.zh-CN.md")

    assert list(CHINESE.left_over()) == []


def test_what_has_no_translation_is_named() -> None:
    with pytest.raises(Untranslated, match=r"^\[settings\] 'NEW': What it means$"):
        Language({"settings": {}}).say("settings", "NEW", "What it means")


def test_a_translation_of_nothing_is_found() -> None:
    language = Language({"settings": {"KNOWN": "…", "GONE": "…"}})
    language.say("settings", "KNOWN", "")

    assert list(language.left_over()) == ["[settings] GONE"]


def test_both_pages_have_the_same_sections() -> None:
    english, chinese = ((ROOT / f"docs/reference/page.{name}.md") for name in ("en", "zh-CN"))
    sections = [
        re.findall(r"<!-- .+? -->|^##? ", each.read_text(), re.M) for each in (english, chinese)
    ]

    assert sections[0] == sections[1]


def test_the_example_file_holds_the_defaults(tmp_path: Path) -> None:
    written = re.sub(r"^#(?=[A-Z_]+=)", "", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(written, "utf-8")

    assert load({}, tmp_path / ".env") == Settings()
    assert re.findall(r"^([A-Z_]+)=", written, re.MULTILINE) == [each.name for each in describe()]


def test_the_example_file_changes_nothing_as_it_is() -> None:
    assert load({}, EXAMPLE) == Settings()
    assert all(line.startswith("#") for line in EXAMPLE.read_text("utf-8").splitlines() if line)


def test_the_parameters_are_those_that_a_listener_can_ask_for() -> None:
    source = (ROOT / "ws_server/door/listen.py").read_text("utf-8")
    asked = set(re.findall(r'given\.(?:last|all)\("(\w+)"', source))
    meanings = {name: meaning for name, (_, meaning) in listening.PARAMETERS.items()}

    assert set(meanings) == asked
    assert all(f"`{word}`" in meanings["format"] for word in [*FORMATS, *PROTOCOLS])
    assert str(MOST_LAST) in meanings["last"]


def test_the_notices_have_the_fields_that_are_told() -> None:
    said = [
        JsonFrames().welcome(Mark("e", 1), frozenset(), complete=True, connection="1.2"),
        JsonFrames().gap(Mark("e", 1), None, ""),
        JsonFrames().ping(Mark("e", 1)).removesuffix(frame(PING, b"")),
    ]
    for notice in (json.loads(each[2:]) for each in said if each):
        fields, _ = listening.NOTICES[notice.pop("type")]
        assert list(fields) == list(notice)


def test_the_reasons_of_a_gap_are_those_of_the_code() -> None:
    in_code = {value for name, value in vars(gap_reasons).items() if name.isupper()}

    assert set(listening.GAPS) == in_code


def test_every_close_code_is_in_the_table() -> None:
    in_code = {each for each in vars(close_codes).values() if isinstance(each, CloseCode)}

    assert in_code <= set(close_codes.ALL)
    assert all(each.meaning for each in close_codes.ALL)


def test_the_command_listen_comes_back_as_the_table_advises() -> None:
    codes = {each.code for each in close_codes.ALL}

    assert {each.code for each in close_codes.ALL if not each.reconnect} == codes & set(FOR_GOOD)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_the_example_of_a_command_is_one_that_it_takes(command: click.Command) -> None:
    *_, words = (command.epilog or "").partition("message-center ")
    name, *arguments = shlex.split(words)

    assert COMMANDS[name] is command
    command.make_context(name, arguments)
