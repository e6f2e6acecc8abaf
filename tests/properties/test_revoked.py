"""A token is revoked or not, whichever way it is read: quickly, or by the library."""

import hmac
import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from time import time
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from common.refused import Refused
from common.revocation import KINDS, USER, Revocation
from config.settings import Settings
from tests.support.keys import SECRET
from ws_server.door.grant import Grant
from ws_server.door.tokens import Tokens

NOW = int(time())
NAMES = st.sampled_from(["a", "b", "42"])
MOMENTS = st.integers(NOW - 3, NOW)
QUICKLY, BY_THE_LIBRARY = {"alg": "HS256"}, {"alg": "HS256", "kid": "1"}

claims = st.fixed_dictionaries(
    {},
    optional={
        "sub": NAMES,
        "jti": NAMES | st.sampled_from([1, None, "", "é"]),
        "iat": MOMENTS | st.floats(NOW - 3, NOW) | st.sampled_from(["x", None, True]),
    },
)
revocations = st.lists(
    st.builds(Revocation, st.sampled_from(KINDS), NAMES, MOMENTS, st.just(NOW + 999)), max_size=3
)


def part(value: object) -> bytes:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def decision(tokens: Tokens, header: object, said: dict[str, Any]) -> Grant | str:
    text = part(header) + b"." + part(said)
    signature = urlsafe_b64encode(hmac.digest(SECRET.encode(), text, sha256)).rstrip(b"=")
    try:
        return tokens.check((text + b"." + signature).decode())
    except Refused as refused:
        return refused.error


@given(claims, revocations)
def test_both_ways_decide_the_same_and_as_it_is_documented(
    said: dict[str, Any], all_: list[Revocation]
) -> None:
    tokens = Tokens(Settings(subscribe_secret=SECRET))
    tokens.revoked.know(all_)

    found = decision(tokens, QUICKLY, said)

    event(found if isinstance(found, str) else "let in")
    assert found == decision(tokens, BY_THE_LIBRARY, said)
    if found == "bad_token":
        return
    last = {(each.kind, each.name): each for each in all_}.values()
    is_revoked = any(
        said.get("sub") == each.name and int(said.get("iat", 0)) <= each.before
        if each.kind == USER
        else said.get("jti") == each.name
        for each in last
    )
    assert (found == "token_revoked") == is_revoked
