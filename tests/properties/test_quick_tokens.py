"""Nothing that is read in the quick way would be refused, or read otherwise, by the library."""

import hmac
import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from time import time
from typing import Any

import jwt
from hypothesis import event, example, given
from hypothesis import strategies as st

from tests.support.keys import SECRET
from ws_server.door.quick_tokens import QuickTokens

LEEWAY = 5.0
QUICK = QuickTokens(SECRET, LEEWAY)
NOW = int(time())

moments = st.one_of(
    st.sampled_from([NOW - 3600, NOW + 3600, NOW - 100, NOW + 100, 0, -1, 1 << 70]),
    st.floats(allow_nan=True),
    st.booleans(),
    st.none(),
    st.text(max_size=3),
)
values: st.SearchStrategy[Any] = st.one_of(
    moments, st.lists(st.text(max_size=3), max_size=2), st.just({})
)
claims = st.dictionaries(
    st.sampled_from(["sub", "channels", "exp", "iat", "nbf", "aud", "iss", "jti", "name", "x"]),
    st.one_of(values, st.just("42"), st.just(NOW + 3600), st.just(NOW - 3600)),
    max_size=4,
)
headers = st.sampled_from(
    [
        {"alg": "HS256", "typ": "JWT"},
        {"typ": "JWT", "alg": "HS256"},
        {"alg": "HS256"},
        {"alg": "HS512"},
        {"alg": "none"},
        {"alg": "HS256", "crit": ["b64"], "b64": False},
        {"alg": "HS256", "kid": 1},
        ["HS256"],
    ]
)
ends = st.sampled_from(["", "=", "==", "\n", " ", ".", "A"])


def part(value: object, end: str) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=") + end


@given(headers, claims, st.tuples(ends, ends, ends), st.booleans())
@example({"alg": "HS256", "typ": "JWT"}, {"sub": "42"}, ("", "", ""), True)
def test_the_library_reads_the_same(
    header: object, said: dict[str, Any], around: tuple[str, str, str], is_ours: bool
) -> None:
    text = f"{part(header, around[0])}.{part(said, around[1])}"
    secret = SECRET if is_ours else "another"
    signature = hmac.digest(secret.encode(), text.encode(), sha256)
    text += "." + urlsafe_b64encode(signature).decode().rstrip("=") + around[2]

    found = QUICK.claims(text)

    event("read" if found is not None else "left to the library")
    if found is not None:
        assert found == jwt.decode(text, SECRET, ["HS256"], leeway=LEEWAY)
