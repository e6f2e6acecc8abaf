"""Any text as a token: refused, or rightly signed."""

from typing import Any

import jwt
from hypothesis import given
from hypothesis import strategies as st

from common.refused import Refused
from config.settings import Settings
from tests.support import strategies
from tests.support.keys import (
    SECRET,
    forged,
)
from ws_server.door.grant import Grant
from ws_server.door.tokens import Tokens

SHARED = Tokens(Settings(subscribe_secret=SECRET))


CLAIMS: dict[str, Any] = {"sub": "42", "channels": ["orders", "news.*"]}


GRANTED = Grant("42", frozenset(["orders", "news.*"]))


def headers() -> st.SearchStrategy[dict[str, object]]:
    """Of a token: what PyJWT looks at, and what it does not."""
    names = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jku", "x5c"])
    values = st.sampled_from(
        ["HS256", "RS256", "none", "k1", "b64", 1, None, True, False, [], ["b64"], {}, {"a": 1}]
    )
    return st.dictionaries(names, values, max_size=4)


@given(
    strategies.latin(80)
    | st.builds(forged, headers(), st.just(CLAIMS), st.sampled_from([b"", b"x", SECRET.encode()]))
)
def test_whatever_is_sent_is_refused_or_rightly_signed(text: str) -> None:
    try:
        granted = SHARED.check(text)
    except Refused as problem:
        granted = None
        told = (problem.status, problem.error)
    if granted is None:
        assert told == (401, "bad_token")
        return

    assert granted == GRANTED
    assert text == forged(jwt.get_unverified_header(text), CLAIMS, SECRET.encode())
