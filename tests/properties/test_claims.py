"""Whatever `POST /tokens` is asked: refused, or a token that says what was asked, and no more."""

import json
from time import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from common.refused import Refused
from config.settings import Settings
from http_api.reading.head import Head
from http_api.tokens.claims import MOST_SECONDS, claims_of
from http_api.tokens.signer import Signer
from tests.support.keys import SECRET
from tests.support.strategies import texts
from ws_server.door.tokens import LEEWAY, Tokens

JSON = Head("POST", b"", "application/json")
NOW = int(time())
SETTINGS = Settings(subscribe_secret=SECRET, max_channels=3)
TOKENS = Tokens(SETTINGS)

names = st.sampled_from(["a", "news.*", "user:42", "user:4.*", "42", "*", "a" * 201]) | texts(4)
values: st.SearchStrategy[Any] = (
    names | st.integers(-1, MOST_SECONDS + 1) | st.sampled_from([None, True, 1.5, [], {}])
)
wishes = st.fixed_dictionaries(
    {}, optional={"user": values, "channels": st.lists(values, max_size=4), "seconds": values}
)


@given(wishes | st.dictionaries(st.sampled_from(["user", "channels", "a"]), values))
def test_what_is_signed_is_taken_by_the_door_and_says_what_was_asked(wish: dict[str, Any]) -> None:
    try:
        claims, seconds = claims_of(JSON, json.dumps(wish).encode(), SETTINGS.max_channels)
    except Refused:
        return
    token, expires, jti = Signer(SETTINGS, lambda: NOW).sign(claims, seconds)

    grant = TOKENS.check(token)

    assert grant.user == (str(wish["user"]) if "user" in wish else None)
    assert grant.channels == frozenset(wish.get("channels", []))
    assert (grant.jti, grant.issued) == (jti, int(NOW))
    assert grant.expires == expires + LEEWAY <= NOW + MOST_SECONDS + LEEWAY
