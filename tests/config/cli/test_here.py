from pathlib import Path

import click
import pytest

from config.cli.here import http_url, push_token, settings_here, ws_url
from config.settings import Settings


def test_the_servers_are_where_the_settings_say(folder: Path) -> None:
    (folder / ".env").write_text("HTTP_PORT=8080\n")
    values, settings = settings_here()

    assert values["HTTP_PORT"] == "8080"
    assert http_url(settings) == "http://127.0.0.1:8080"
    assert ws_url(Settings(ws_host="0.0.0.0", ws_port=81)) == "ws://127.0.0.1:81/"


def test_a_bad_setting_is_named(folder: Path) -> None:
    (folder / ".env").write_text("HTTP_PORT=x\n")

    with pytest.raises(click.ClickException, match="HTTP_PORT: must be"):
        settings_here()


def test_a_token_that_is_given_comes_before_those_that_are_set() -> None:
    settings = Settings(push_tokens=(("a", "first"), ("b", "second")))

    assert push_token(settings, None) == "first"
    assert push_token(settings, "mine") == "mine"
    assert push_token(Settings(), None) is None
