"""What the settings name: a class in WORKER_CLASS, and on which terms clients may listen."""

import pytest

from config.settings import Settings, SettingsError
from tests.keys import SECRET, signed
from ws_server.grant import Grant
from ws_server.process import load_terms, load_worker_class
from ws_server.terms import OPEN
from ws_server.worker import Worker


class Mine(Worker):
    """A user's own."""


def test_a_subclass_is_found_by_its_name() -> None:
    assert load_worker_class(f"{__name__}:Mine").__qualname__ == "Mine"
    assert load_worker_class("ws_server.worker:Worker") is Worker


@pytest.mark.parametrize(
    "path", ["no.such.module:Worker", "ws_server.worker:Nobody", "ws_server.hub:Hub", "os:sep"]
)
def test_anything_else_stops_the_start_with_the_name_of_the_setting(path: str) -> None:
    with pytest.raises(SettingsError, match="^WORKER_CLASS: .*" + path.split(":", maxsplit=1)[0]):
        load_worker_class(path)


def test_the_default_settings_let_everybody_listen() -> None:
    assert load_terms(Settings()) == OPEN


def test_a_secret_is_what_tokens_are_checked_with() -> None:
    terms = load_terms(
        Settings(subscribe_secret=SECRET, max_channels=7, allowed_origins=("https://a.example",))
    )

    assert terms.tokens is not None
    assert terms.tokens.check(signed({"sub": "42"})) == Grant("42", frozenset())
    assert (terms.max_channels, terms.origins) == (7, frozenset(["https://a.example"]))


def test_a_bad_file_of_keys_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"^SUBSCRIBE_JWKS_FILE: cannot read"):
        load_terms(Settings(subscribe_jwks_file="/no/such/file"))
