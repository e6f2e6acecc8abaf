from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from config.errors import SettingsError
from config.load import load
from config.settings import Settings, describe

ALL_NAMES = [each.name for each in describe()]
MAY_BE_EMPTY = ["MESSAGE_PREFIX", *(each.name for each in describe() if not each.default)]

CONTRACT = {
    "MESSAGE_CENTER_KEY": "message_center",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "HTTP_PORT": 2346,
    "WS_PORT": 2345,
    "WS_WORKERS": 1,
    "DELIVERY": "timer",
    "POLL_INTERVAL": 1.0,
    "MESSAGE_PREFIX": "Python语言消息中心: ",
    "MAX_CONTENT_BYTES": 65536,
    "HISTORY_SIZE": 100_000,
}


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.mark.parametrize(("name", "default"), CONTRACT.items())
def test_the_defaults_are_those_of_the_contract(name: str, default: Any) -> None:
    assert getattr(load({}), name.lower()) == default
    assert str(default) in [each.default for each in describe() if each.name == name]


@pytest.mark.parametrize("name", ALL_NAMES)
def test_every_default_passes_its_own_check_and_keeps_its_type(name: str) -> None:
    default = getattr(Settings(), name.lower())
    (written,) = [each.default for each in describe() if each.name == name]
    loaded = getattr(load({name: written}), name.lower())

    assert loaded == default
    assert type(loaded) is type(default)


@pytest.mark.parametrize("name", ALL_NAMES)
def test_every_setting_has_a_meaning(name: str) -> None:
    assert [each.meaning for each in describe() if each.name == name] != [""]


def test_the_groups_have_every_setting_once() -> None:
    assert sorted(ALL_NAMES) == sorted(each.name.upper() for each in fields(Settings))


@pytest.mark.parametrize("name", [name for name in ALL_NAMES if name not in MAY_BE_EMPTY])
def test_an_empty_value_stops_the_start_with_the_name(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: must be "):
        load({name: ""})


def test_the_prefix_may_be_empty(dotenv: Path) -> None:
    dotenv.write_text("MESSAGE_PREFIX=\n")

    assert load({"MESSAGE_PREFIX": ""}).message_prefix == ""
    assert load({}, dotenv).message_prefix == ""


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        setattr(Settings(), "http_port", 1)  # noqa: B010  # mypy refuses the plain form.


EXACT = {"MESSAGE_PREFIX", "SUBSCRIBE_SECRET"}


@pytest.mark.parametrize("name", [name for name in ALL_NAMES if name not in EXACT])
@pytest.mark.parametrize("beside", ["\r", "\r\n", " ", "\t"])
def test_blanks_and_line_ends_beside_a_value_are_not_meant(name: str, beside: str) -> None:
    """`docker run --env-file` takes the CR of a Windows file for a part of the value."""
    (written,) = [each.default for each in describe() if each.name == name]

    assert load({name: f" {written}{beside}"}) == Settings()


def test_the_blanks_of_the_prefix_are_meant_and_the_line_end_is_not() -> None:
    assert load({"MESSAGE_PREFIX": " P: \r"}).message_prefix == " P: "
