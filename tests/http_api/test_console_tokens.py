"""What the console says of a token before any server has seen it."""

from itertools import product

from common import channels
from tests.support.keys import SECRET, signed
from tests.support.snippets import Call, written

GRANTED = ["a", "a.b", "a.*", "a.b.*", "user:7"]
WANTED = [*GRANTED, "a.b.c", "a.bc", "ab", "a.b.c.*", "user:42", "user:*"]


def test_it_allows_what_the_server_allows() -> None:
    pairs = [pair for pair in product(GRANTED, WANTED) if channels.is_subscription(pair[1])]
    calls: list[Call] = [
        ("jwt.js", "forbidden", [{"sub": "42", "channels": [granted]}, [wanted]])
        for granted, wanted in pairs
    ]

    for (granted, wanted), forbidden in zip(pairs, written(calls), strict=True):
        allows = channels.covers(granted, wanted) or wanted == "user:42"
        assert forbidden == ([] if allows else [wanted]), (granted, wanted)


def test_the_claims_that_a_backend_is_to_sign_are_those_that_are_read() -> None:
    asked = {"user": "用户", "channels": ["orders", "news.*"], "seconds": 600}
    [claims, nobody] = written(
        [
            ("jwt.js", "claimsFor", [asked, 1_000_000]),
            ("jwt.js", "claimsFor", [{**asked, "user": ""}, 1_000_000]),
        ]
    )
    assert claims == {"sub": "用户", "channels": ["orders", "news.*"], "exp": 1600}
    assert "sub" not in nobody

    assert written([("jwt.js", "claimsOf", [signed(claims)])]) == [claims]


def test_what_is_no_token_says_nothing() -> None:
    odd = ["", "a", "a.b", "a.b.c", "a.b.c.d", "a.b c.d", ".e30.", "a.W10.c", "a.MQ.c", SECRET]

    assert written([("jwt.js", "claimsOf", [text]) for text in odd]) == [None] * len(odd)
