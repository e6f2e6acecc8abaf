"""What the settings name: on which terms clients may listen."""

import pytest

from config.errors import SettingsError
from config.settings import Settings
from tests.support.keys import SECRET, signed
from ws_server.door.grant import Grant
from ws_server.door.terms import OPEN
from ws_server.process import load_terms


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
