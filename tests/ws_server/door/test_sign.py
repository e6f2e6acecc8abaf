"""The command `message-center token`: what it prints, and when it prints nothing."""

import os
from pathlib import Path
from time import time

import pytest
from click.testing import CliRunner, Result

from config.settings import Settings, describe
from tests.support.keys import SECRET, write_jwks
from ws_server.door.grant import Grant
from ws_server.door.sign import main
from ws_server.door.tokens import LEEWAY, Tokens


def run(*arguments: str, **environ: str) -> Result:
    """With no other settings of ours than these."""
    clean = dict.fromkeys((row.name for row in describe() if row.name in os.environ), None)
    return CliRunner().invoke(main, arguments, env={**clean, **environ})


@pytest.fixture(autouse=True)
def _without_a_file_of_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def granted(*arguments: str) -> Grant:
    printed = run(*arguments, SUBSCRIBE_SECRET=SECRET)
    assert printed.exit_code == 0, printed.output
    return Tokens(Settings(subscribe_secret=SECRET)).check(printed.stdout.rstrip("\n"))


def test_the_token_says_what_was_asked() -> None:
    start = int(time())
    grant = granted("--user", "42", "--channel", "orders", "--channel", "news.*", "--seconds", "60")

    assert (grant.user, grant.channels) == ("42", frozenset(["orders", "news.*"]))
    assert grant.expires is not None
    assert start + 60 <= grant.expires - LEEWAY <= time() + 60


def test_the_token_is_of_nobody_and_for_an_hour_if_nothing_is_asked() -> None:
    grant = granted()

    assert (grant.user, grant.channels) == (None, frozenset())
    assert grant.expires is not None
    assert 3500 < grant.expires - time() < 3700


def test_there_is_no_token_without_a_secret(tmp_path: Path) -> None:
    for settings in ({}, {"SUBSCRIBE_JWKS_FILE": write_jwks(tmp_path)}):
        result = run("--user", "42", **settings)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: SUBSCRIBE_SECRET: is not set")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--user", "a b"], "sub must be the name of a user"),
        (["--user", ""], "sub must be the name of a user"),
        (["--channel", "user:7"], "channels must be a list of names"),
        (["--channel", "a*"], "channels must be a list of names"),
    ],
)
def test_a_token_that_would_be_refused_is_not_made(arguments: list[str], problem: str) -> None:
    result = run(*arguments, SUBSCRIBE_SECRET=SECRET)

    assert (result.exit_code, result.stdout) == (1, "")
    assert problem in result.stderr


@pytest.mark.parametrize("seconds", ["0", "-1", "soon"])
def test_a_token_is_valid_for_some_time(seconds: str) -> None:
    assert run("--seconds", seconds, SUBSCRIBE_SECRET=SECRET).exit_code == 2


def test_a_secret_that_is_too_short_is_not_shown() -> None:
    result = run(SUBSCRIBE_SECRET="sesame")

    assert result.stderr == "Error: SUBSCRIBE_SECRET: must be 32 bytes at least\n"
