"""SUBSCRIBE_JWKS_FILE: which files and keys stop the start, and how that is said."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from config.errors import SettingsError
from config.settings import Settings
from tests.support.keys import private_jwk, public_jwk, write_jwks
from ws_server.door.jwks import read_keys
from ws_server.door.tokens import Tokens


def problem_of(path: str) -> str:
    with pytest.raises(SettingsError) as raised:
        Tokens(Settings(subscribe_jwks_file=path))
    assert raised.value.name == "SUBSCRIBE_JWKS_FILE"
    return raised.value.problem


def test_the_algorithm_is_the_keys_own_or_fits_its_type(tmp_path: Path) -> None:
    keys = [
        public_jwk(algorithm, kid=algorithm) for algorithm in ("RS256", "ES384", "ES512", "EdDSA")
    ]
    path = write_jwks(tmp_path, *keys, public_jwk("RS256", kid="PS384", alg="PS384"))

    assert [(key.kid, key.algorithm) for key in read_keys(path)] == [
        (name, name) for name in ("RS256", "ES384", "ES512", "EdDSA", "PS384")
    ]


def test_keys_for_encryption_are_passed_over(tmp_path: Path) -> None:
    other = public_jwk("RS256", kid="enc", use="enc", alg="RSA-OAEP")
    path = write_jwks(tmp_path, other, public_jwk("ES256", kid="sig", use="sig"))

    assert [key.kid for key in read_keys(path)] == ["sig"]
    assert "no key for signatures" in problem_of(write_jwks(tmp_path, other))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.json")

    assert problem_of(missing) == f"cannot read {missing}: No such file or directory"
    assert problem_of(str(tmp_path)).startswith("cannot read ")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not JSON"),
        (b"-----BEGIN PUBLIC KEY-----", "is not JSON"),
        (b"\xff\xfe\xfd", "is not JSON"),
        pytest.param(b"[" * 100_000, "is not JSON", id="deep"),
        (b"[]", "is no JWKS"),
        (b"1", "is no JWKS"),
        (b'{"kty": "EC"}', "is no JWKS"),
        (b'{"keys": {}}', "is no JWKS"),
        (b'{"keys": []}', "no key for signatures"),
        (b'{"keys": [1]}', "is no JSON object"),
        (b'{"keys": [{}]}', "is none of RSA, "),
        (b'{"keys": [{"kty": ["RSA"]}]}', "is none of RSA, "),
    ],
)
def test_a_file_that_is_no_jwks_stops_the_start(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(content)

    assert problem in problem_of(str(path))


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ({"kty": "oct", "k": "c2VjcmV0"}, "is a shared secret"),
        (private_jwk("RS256"), "is a private key"),
        (private_jwk("ES256"), "is a private key"),
        (private_jwk("EdDSA"), "is a private key"),
        (public_jwk("RS256", alg="HS256"), "has an alg that is none of RS256, "),
        (public_jwk("RS256", alg="none"), "has an alg that is none of RS256, "),
        (public_jwk("RS256", alg="RSA-OAEP"), "has an alg that is none of RS256, "),
        (public_jwk("ES256", alg="ES384"), "has an alg that is none of ES256"),
        (public_jwk("ES256", alg=["ES256"]), "has an alg that is none of ES256"),
        (public_jwk("ES256", crv="secp256k1"), "is none of RSA, "),
        (public_jwk("EdDSA", crv="Ed448"), "is none of RSA, "),
        (public_jwk("ES256", x="AAAA"), "is not valid"),
        (public_jwk("ES256", x=1), "is not valid"),
        (public_jwk("EdDSA", x=""), "is not valid"),
        ({"kty": "RSA", "e": "AQAB"}, "is not valid"),
        (public_jwk("ES256", kid=7), "has a kid that is not text"),
        (public_jwk("ES256", kid=""), "has a kid that is not text"),
    ],
)
def test_a_bad_key_stops_the_start_by_its_place(
    tmp_path: Path, key: dict[str, Any], problem: str
) -> None:
    told = problem_of(write_jwks(tmp_path, public_jwk("EdDSA", kid="good"), key))

    assert told.startswith("key 2 of ")
    assert problem in told
    assert not any(
        isinstance(value, str) and len(value) > 10 and value in told for value in key.values()
    )


def test_a_short_key_stops_the_start(tmp_path: Path) -> None:
    short = json.loads(RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key()))

    assert "is too short" in problem_of(write_jwks(tmp_path, short))


def test_each_of_several_keys_has_a_name_of_its_own(tmp_path: Path) -> None:
    one, other = public_jwk("ES256", kid="a"), public_jwk("EdDSA", kid="a")

    assert "kid of its own" in problem_of(write_jwks(tmp_path, one, other))
    assert "kid of its own" in problem_of(write_jwks(tmp_path, one, public_jwk("EdDSA")))
