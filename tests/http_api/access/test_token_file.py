"""PUSH_TOKENS_FILE: which lines are tokens; a file that cannot be used changes nothing."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import SettingsError
from config.settings import Settings
from http_api.access.token_file import reread, with_file_tokens
from tests.support.examples import tokens_of_the_documents

ONE, OTHER = "0123456789abcdef-one", "0123456789abcdef-other"
FILE = f"""\ufeff# Who may push.

one:{ONE}
  other:{OTHER}\tpush=news.*,user:42  read  # The newsroom.
"""


def settings(folder: Path, text: str | bytes, **more: str) -> Settings:
    path = folder / "tokens"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Settings(push_tokens_file=str(path), **more)  # type: ignore[arg-type]


def refusal(written: Settings) -> str:
    with pytest.raises(SettingsError) as refused:
        with_file_tokens(written)
    assert refused.value.name == "PUSH_TOKENS_FILE"
    return str(refused.value)


def test_a_line_is_a_name_a_token_and_what_it_may_do(tmp_path: Path) -> None:
    found = with_file_tokens(settings(tmp_path, FILE))

    assert found.push_tokens == (("one", ONE), ("other", OTHER, "push=news.*,user:42  read"))


def test_they_come_after_those_of_push_tokens(tmp_path: Path) -> None:
    written = replace(settings(tmp_path, f"one:{ONE}\r\n"), push_tokens=(("a", OTHER),))

    assert with_file_tokens(written).push_tokens == (("a", OTHER), ("one", ONE))


def test_without_a_file_nothing_is_changed() -> None:
    written = Settings(push_tokens=(("a", OTHER),))

    assert with_file_tokens(written) is written
    assert reread(written, written) is written


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no token"),
        ("# nobody\n", "has no token"),
        (b"\xff", "is not UTF-8"),
        ("\n\none:short\n", "line 3 of "),
        (f"{ONE}\n", "must be name:token"),
        (f"one: {ONE}\n", "must be name:token"),
        (f"one:{ONE},two:{OTHER}\n", "must be name:token"),
        (f"one:{ONE} {OTHER}\n", "word 1 of what it may do is none of push, "),
        (f"one:{ONE} push=\n", "a name of push= can be "),
        (f"one:{ONE}\none:{OTHER}\n", "'one' is the name of two tokens"),
        (f"one:{ONE}\ntwo:{ONE}\n", "two names have the same token"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_shows_no_token(
    tmp_path: Path, text: str | bytes, problem: str
) -> None:
    told = refusal(settings(tmp_path, text))

    assert problem in told
    assert ONE not in told
    assert OTHER not in told


def test_a_name_and_a_token_stand_in_the_file_or_in_push_tokens(tmp_path: Path) -> None:
    written = settings(tmp_path, f"one:{ONE}")

    assert "'one'" in refusal(replace(written, push_tokens=(("one", OTHER),)))
    assert "the same token" in refusal(replace(written, push_tokens=(("other", ONE),)))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    told = refusal(Settings(push_tokens_file=str(tmp_path / "none")))

    assert told.endswith("none: No such file or directory")


def test_it_is_read_again_and_the_log_says_what_has_changed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written = settings(tmp_path, FILE)
    now = with_file_tokens(written)
    (tmp_path / "tokens").write_text(f"one:{OTHER} push\nnew:{ONE}\n")

    with caplog.at_level(logging.INFO):
        assert reread(written, now).push_tokens == (("one", OTHER, "push"), ("new", ONE))
    assert "2 tokens now; new: new; gone: other" in caplog.text
    assert "0123456789abcdef" not in caplog.text


def test_a_bad_file_keeps_the_tokens_from_before_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written = settings(tmp_path, FILE)
    now = with_file_tokens(written)
    (tmp_path / "tokens").write_text("one:")

    assert reread(written, now) is now
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.message.startswith("PUSH_TOKENS_FILE: line 1 of ")
    assert record.message.endswith(" The tokens from before are still those that count")


def test_the_tokens_of_the_documents_can_be_used(tmp_path: Path) -> None:
    found = with_file_tokens(settings(tmp_path, tokens_of_the_documents())).push_tokens

    assert [each[0] for each in found] == ["backend", "shop", "newsroom", "monitor"]
    assert [len(each) for each in found] == [2, 3, 3, 3]
