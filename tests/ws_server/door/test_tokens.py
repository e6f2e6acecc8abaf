"""Who is let in by a token, and who is not: the key decides, and nobody else."""

import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from common.refused import Refused
from config.errors import SettingsError
from config.settings import Settings
from tests.support.keys import (
    SECRET,
    forged,
    in_seconds,
    private_key,
    public_jwk,
    public_pem,
    signed,
    write_jwks,
)
from ws_server.door.grant import Grant
from ws_server.door.tokens import LEEWAY, NEVER, Tokens

SHARED = Tokens(Settings(subscribe_secret=SECRET))
CLAIMS: dict[str, Any] = {"sub": "42", "channels": ["orders", "news.*"]}
GRANTED = Grant("42", frozenset(["orders", "news.*"]))


@pytest.fixture
def with_keys(tmp_path: Path) -> Callable[..., Tokens]:
    """Tokens that are checked with these keys."""
    return lambda *keys: Tokens(Settings(subscribe_jwks_file=write_jwks(tmp_path, *keys)))


def refused(tokens: Tokens, text: str) -> Refused:
    with pytest.raises(Refused) as raised:
        tokens.check(text)
    return raised.value


def test_a_token_says_who_listens_to_what_until_when() -> None:
    expires = in_seconds(60)

    assert SHARED.check(signed(CLAIMS)) == GRANTED
    assert SHARED.check(signed({**CLAIMS, "exp": expires})).expires == expires + LEEWAY
    assert SHARED.check(signed({**CLAIMS, "exp": expires + 0.5})).expires == expires + LEEWAY


@pytest.mark.parametrize("part", [0, 1])
def test_a_deeply_nested_part_is_no_token(part: int) -> None:
    parts = signed(CLAIMS).split(".")
    deep = b'{"alg":"HS256","a":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    parts[part] = base64.urlsafe_b64encode(deep).rstrip(b"=").decode()

    assert refused(SHARED, ".".join(parts)).error == "bad_token"


def test_a_token_that_says_nothing_grants_nothing_but_what_is_for_everybody() -> None:
    assert SHARED.check(signed({})) == Grant(None, frozenset())


@pytest.mark.parametrize(
    ("algorithm", "listed"),
    [
        ("RS256", {}),
        ("RS512", {"alg": "RS512"}),
        ("PS256", {"alg": "PS256"}),
        ("ES256", {}),
        ("ES384", {}),
        ("ES512", {}),
        ("EdDSA", {}),
        ("ES256", {"alg": "ES256", "use": "sig", "kid": "k1"}),
    ],
)
def test_a_public_key_checks_what_its_private_key_has_signed(
    with_keys: Callable[..., Tokens], algorithm: str, listed: dict[str, Any]
) -> None:
    tokens = with_keys(public_jwk(algorithm, **listed))

    assert tokens.check(signed(CLAIMS, algorithm)) == GRANTED


def test_the_key_is_found_by_its_name(with_keys: Callable[..., Tokens]) -> None:
    tokens = with_keys(public_jwk("ES256", kid="old"), public_jwk("EdDSA", kid="new"))

    assert tokens.check(signed(CLAIMS, "ES256", kid="old")) == GRANTED
    assert tokens.check(signed(CLAIMS, "EdDSA", kid="new")) == GRANTED
    assert "kid" in str(refused(tokens, signed(CLAIMS, "ES256")))
    assert "kid" in str(refused(tokens, signed(CLAIMS, "ES256", kid="older")))
    assert "algorithm" in str(refused(tokens, signed(CLAIMS, "ES256", kid="new")))
    another = signed(CLAIMS, "ES256", which=1, kid="old")
    assert "not signed" in str(refused(tokens, another))


def test_the_only_key_needs_no_name_but_has_no_other(with_keys: Callable[..., Tokens]) -> None:
    named, nameless = public_jwk("ES256", kid="k1"), public_jwk("ES256")

    assert with_keys(named).check(signed(CLAIMS, "ES256")) == GRANTED
    assert with_keys(named).check(signed(CLAIMS, "ES256", kid="k1")) == GRANTED
    assert "kid" in str(refused(with_keys(named), signed(CLAIMS, "ES256", kid="k2")))
    assert "kid" in str(refused(with_keys(nameless), signed(CLAIMS, "ES256", kid="k1")))


def test_a_shared_secret_has_no_name() -> None:
    assert SHARED.check(signed(CLAIMS, kid="whatever")) == GRANTED


@pytest.mark.parametrize("name", ["none", "None", "NONE", ""])
def test_a_token_without_a_signature_is_refused(
    with_keys: Callable[..., Tokens], name: str
) -> None:
    for tokens in (SHARED, with_keys(public_jwk("RS256"))):
        assert refused(tokens, forged({"alg": name, "typ": "JWT"}, CLAIMS)).error == "bad_token"
        assert refused(tokens, forged({"alg": name}, CLAIMS, b"x")).error == "bad_token"


def test_the_public_key_is_no_secret_to_sign_with(with_keys: Callable[..., Tokens]) -> None:
    """HS/RS confusion: what everybody may know would let everybody in."""
    jwk = public_jwk("RS256")
    tokens = with_keys(jwk)

    for known in (public_pem("RS256"), public_pem("RS256").strip(), json.dumps(jwk).encode()):
        token = forged({"alg": "HS256", "typ": "JWT"}, CLAIMS, known)
        assert refused(tokens, token).error == "bad_token"


def test_a_forged_token_would_be_taken_with_the_right_secret() -> None:
    """Or the tests with forged ones would pass for another reason."""
    assert SHARED.check(forged({"alg": "HS256"}, CLAIMS, SECRET.encode())) == GRANTED


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_the_secret_is_good_for_one_algorithm(algorithm: str) -> None:
    longer = SECRET * 2
    tokens = Tokens(Settings(subscribe_secret=longer))

    assert tokens.check(jwt.encode(CLAIMS, longer, "HS256")) == GRANTED
    assert "algorithm" in str(refused(tokens, jwt.encode(CLAIMS, longer, algorithm)))


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_a_public_key_is_good_for_one_algorithm(
    with_keys: Callable[..., Tokens], algorithm: str
) -> None:
    other = jwt.encode(CLAIMS, private_key("RS256"), algorithm)

    assert "algorithm" in str(refused(with_keys(public_jwk("RS256")), other))


def test_a_key_in_the_token_itself_counts_for_nothing(with_keys: Callable[..., Tokens]) -> None:
    mine = jwt.encode(
        CLAIMS, private_key("ES256", 1), "ES256", headers={"jwk": public_jwk("ES256", 1)}
    )

    assert "not signed" in str(refused(with_keys(public_jwk("ES256")), mine))


@pytest.mark.parametrize(
    ("claims", "error", "reason"),
    [
        ({"exp": in_seconds(-60)}, "token_expired", "expired"),
        ({"exp": 0}, "token_expired", "expired"),
        ({"nbf": in_seconds(3600)}, "bad_token", "not valid yet"),
        ({"iat": in_seconds(3600)}, "bad_token", "not valid yet"),
        ({"aud": "another"}, "bad_token", "audience"),
        ({"aud": []}, "bad_token", "audience"),
        ({"aud": None}, "bad_token", "audience"),
        ({"exp": "soon"}, "bad_token", ""),
        ({"exp": None}, "bad_token", ""),
        ({"exp": [1]}, "bad_token", ""),
        ({"exp": "99999999999"}, "bad_token", "exp"),
        ({"exp": float("nan")}, "bad_token", ""),
        ({"exp": float("inf")}, "bad_token", ""),
        ({"nbf": "soon"}, "bad_token", ""),
    ],
)
def test_what_is_not_for_here_and_now_is_refused(
    claims: dict[str, Any], error: str, reason: str
) -> None:
    problem = refused(SHARED, signed({**CLAIMS, **claims}))

    assert (problem.status, problem.error) == (401, error)
    assert reason in str(problem)


def test_clocks_may_differ_by_a_little() -> None:
    assert SHARED.check(signed({**CLAIMS, "exp": in_seconds(2 - LEEWAY)})).user == "42"
    assert SHARED.check(signed({**CLAIMS, "nbf": in_seconds(LEEWAY - 1)})).user == "42"


def test_an_expiry_beyond_all_numbers_is_far_away() -> None:
    assert SHARED.check(signed({"exp": 10**400})).expires == NEVER + LEEWAY


@pytest.mark.parametrize(
    "sub", [42, None, True, ["42"], "", "a b", "42\n", "é", "x" * 196, "user:*", "\ud800", "*"]
)
def test_a_user_has_a_name_that_can_be_pushed_to(sub: object) -> None:
    problem = refused(SHARED, signed({"sub": sub}))

    assert problem.error == "bad_token"
    assert "sub" in str(problem)


@pytest.mark.parametrize(
    "names",
    [
        "orders",
        None,
        {"orders": 1},
        [1],
        [None],
        [["orders"]],
        [""],
        ["a b"],
        ["*"],
        ["a*"],
        ["orders", "x" * 201],
        ["user:42"],  # Not even the own one: `sub` says who it is.
        ["user:7"],
        ["user:7.*"],
        ["orders", "user:"],
    ],
)
def test_channels_are_names_and_wildcards_and_none_of_a_user(names: object) -> None:
    problem = refused(SHARED, signed({"sub": "42", "channels": names}))

    assert problem.error == "bad_token"
    assert "channels" in str(problem)


def test_a_token_grants_no_more_channels_than_a_connection_may_have() -> None:
    tokens = Tokens(Settings(subscribe_secret=SECRET, max_channels=2))

    assert tokens.check(signed({"channels": ["a", "b", "a"]})).channels == frozenset("ab")
    assert "more than 2" in str(refused(tokens, signed({"channels": ["a", "b", "c"]})))


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "é.é.é", "\ud800", "null", "e30.e30.", "....", "eyJ.eyJ.x"]
)
def test_what_is_no_token_is_refused(with_keys: Callable[..., Tokens], text: str) -> None:
    for tokens in (SHARED, with_keys(public_jwk("ES256"))):
        assert refused(tokens, text).error == "bad_token"


@pytest.mark.parametrize(
    "text",
    [
        forged({"alg": "HS256", "kid": "SESAME"}, {"sub": "SESAME"}, b"wrong"),
        forged({"alg": "SESAME"}, {"sub": "SESAME"}),
        signed({"sub": "SESAME !"}),
        signed({"channels": ["user:SESAME"]}),
        signed({"exp": "SESAME"}),
        signed({"exp": 1, "sub": "SESAME"}),
        "SESAME",
    ],
)
def test_nothing_of_a_token_is_in_what_is_said_about_it(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    problem = refused(SHARED, text)
    logging.getLogger("test").error("refused", exc_info=problem)
    told = f"{problem!r} {problem} {caplog.text}"

    assert "SESAME" not in told
    assert text not in told
    assert base64.b64encode(b"SESAME").decode() not in told


@pytest.mark.parametrize(
    "known", [public_pem("ES256"), json.dumps(public_jwk("ES256")).encode()], ids=["PEM", "JWK"]
)
def test_a_public_key_as_the_secret_stops_the_start(known: bytes) -> None:
    with pytest.raises(SettingsError, match=r"^SUBSCRIBE_SECRET: is a public key"):
        Tokens(Settings(subscribe_secret=known.decode()))
