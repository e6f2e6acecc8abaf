"""What the settings name: who may listen."""

import pytest
from flask import Flask

from common.serving.stopping import Stop
from config.errors import SettingsError
from config.settings import Settings
from tests.support.keys import SECRET, signed
from ws_server.door.grant import Grant
from ws_server.door.policy import OPEN
from ws_server.process import CANARY, SERVICE, announce, load_policy


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


class Noting:
    """A service and its canary. Unrealistic: it relays nothing, and there is nothing to stop."""

    def __init__(self, *, is_deaf: bool) -> None:
        self.is_deaf = is_deaf
        self.announced: list[Stop] = []

    def announce_stop(self, how: Stop) -> float:
        self.announced.append(how)
        return 3.0


@pytest.mark.parametrize("is_deaf", [False, True])
def test_a_deaf_process_does_not_keep_its_clients_for_long(is_deaf: bool) -> None:
    app, noting = Flask(__name__), Noting(is_deaf=is_deaf)
    app.extensions.update({SERVICE: noting, CANARY: noting})

    assert announce(app, Stop(reload=True)) == 3.0

    (how,) = noting.announced
    assert (how.reload, how.is_hurried()) == (True, is_deaf)
