"""For whom tokens are signed, and for whom not."""

from typing import Any

import pytest

from common.refused import Refused
from config.settings import Settings
from http_api.tokens.signer import LONGEST, Signer
from tests.support.keys import SECRET
from ws_server.door.tokens import Tokens

TOKENS = (("backend", "a" * 16),)
HERE = {"HTTP_HOST": "127.0.0.1:2346"}


def signs(environ: dict[str, str], **settings: Any) -> bool:
    signer = Signer(Settings(subscribe_secret=SECRET, **settings))
    return signer.why_not(environ) is None


@pytest.mark.parametrize("host", ["127.0.0.1:2346", "localhost", "LocalHost:2346", "[::1]:2346"])
def test_without_push_tokens_it_signs_for_this_machine(host: str) -> None:
    assert signs({"HTTP_HOST": host})


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HTTP_HOST": ""},
        {"HTTP_HOST": "rebound.example:2346"},  # A page of another site led its own name here.
        {"HTTP_HOST": "localhost.example"},
        {"HTTP_HOST": "192.0.2.1:2346"},
        {**HERE, "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {**HERE, "HTTP_FORWARDED": "for=127.0.0.1"},
    ],
)
def test_without_push_tokens_it_signs_for_nobody_else(environ: dict[str, str]) -> None:
    assert not signs(environ)
    assert signs(environ, push_tokens=TOKENS)  # Then the guard has asked for one.


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1"])
def test_where_others_may_push_it_signs_with_push_tokens_only(host: str) -> None:
    assert not signs(HERE, http_host=host, allow_anonymous_push=True)
    assert signs(HERE, http_host=host, push_tokens=TOKENS)
    assert signs(HERE, http_host="0.0.0.0", http_publish="127.0.0.1")


@pytest.mark.parametrize("settings", [{}, {"subscribe_jwks_file": "/keys.json"}])
def test_without_a_secret_nothing_is_signed(settings: dict[str, Any]) -> None:
    signer = Signer(Settings(push_tokens=TOKENS, **settings))

    with pytest.raises(Refused, match="SUBSCRIBE_SECRET") as refused:
        signer.refuse_others(HERE)
    assert (refused.value.error, refused.value.status) == ("cannot_sign", 403)


def test_what_is_signed_is_what_the_listeners_door_takes() -> None:
    settings = Settings(subscribe_secret=SECRET)
    token, expires, jti = Signer(settings, lambda: 1_700_000_000.9).sign({"sub": "42"}, 1 << 40)

    grant = Tokens(settings).check(token)

    assert (grant.user, grant.jti, grant.issued) == ("42", jti, 1_700_000_000)
    assert expires == 1_700_000_000 + (1 << 40)


def test_a_token_that_is_too_long_to_be_sent_is_refused() -> None:
    signer = Signer(Settings(subscribe_secret=SECRET))
    names = [f"{number:0100}" for number in range(57)]

    assert len(signer.sign({"channels": names[:-1]}, 60)[0]) <= LONGEST
    with pytest.raises(Refused, match="too long together"):
        signer.sign({"channels": [*names, *names]}, 60)
