"""Tokens as they are signed here are those that every library reads."""

import jwt
import pytest

from common.signing import signed
from tests.support.keys import SECRET

CLAIMS = {"sub": "42", "channels": ["orders", "news.*"], "exp": 4_000_000_000}


@pytest.mark.parametrize("secret", [SECRET, "消息" * 6])
def test_a_token_is_as_the_library_makes_it(secret: str) -> None:
    assert signed(CLAIMS, secret) == jwt.encode(CLAIMS, secret, "HS256")
    assert jwt.decode(signed({}, secret), secret, ["HS256"]) == {}
