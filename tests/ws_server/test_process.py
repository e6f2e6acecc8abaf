"""What the settings name: who may listen."""

import pytest

from config.errors import SettingsError
from config.settings import Settings
from tests.support.keys import SECRET, signed
from ws_server.door.grant import Grant
from ws_server.door.policy import OPEN
from ws_server.process import load_policy


def test_the_default_settings_let_everybody_listen() -> None:
    assert load_policy(Settings()) == OPEN


def test_a_secret_is_what_tokens_are_checked_with() -> None:
    policy = load_policy(
        Settings(subscribe_secret=SECRET, max_channels=7, allowed_origins=("https://a.example",))
    )

    assert policy.tokens is not None
    assert policy.tokens.check(signed({"sub": "42"})) == Grant("42", frozenset())
    assert (policy.max_channels, policy.origins) == (7, frozenset(["https://a.example"]))


def test_a_bad_file_of_keys_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"^SUBSCRIBE_JWKS_FILE: cannot read"):
        load_policy(Settings(subscribe_jwks_file="/no/such/file"))
