"""The public keys that tokens are checked with, from a JWKS file (RFC 7517).

Each key is good for one algorithm: its `alg`, or what its type suggests. Shared
secrets and private keys are refused: they have no place in such a file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt

# The first is taken if the key names none.
ALGORITHMS = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC P-256": ("ES256",),
    "EC P-384": ("ES384",),
    "EC P-521": ("ES512",),
    "OKP Ed25519": ("EdDSA",),
}
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}  # RFC 7518 6.


@dataclass(frozen=True, slots=True)
class Key:
    """`material` is what PyJWT checks with."""

    kid: str | None
    algorithm: str
    material: Any = field(repr=False)


def read_keys(path: str) -> list[Key]:
    """All keys of a file that are meant for signatures; one at least.

    Raises:
        ValueError: the file or one of its keys cannot be used.
    """
    keys = []
    for place, jwk in enumerate(_read(path), start=1):
        if isinstance(jwk, dict) and jwk.get("use", "sig") != "sig":
            continue  # Key servers list what they encrypt with, too.
        try:
            keys.append(_key(jwk))
        except ValueError as problem:
            raise ValueError(f"key {place} of {path} {problem}") from None
    _check_kids(path, keys)
    return keys


def _read(path: str) -> list[Any]:
    try:
        found = json.loads(Path(path).read_bytes())
    except OSError as problem:
        raise ValueError(f"cannot read {path}: {problem.strerror}") from None
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is not JSON") from None
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise ValueError(f'{path} is no JWKS, which is {{"keys": [...]}}')
    return listed


def _key(jwk: Any) -> Key:
    """The errors complete the sentence "key 1 of the file ..."."""
    if not isinstance(jwk, dict):
        raise ValueError("is no JSON object")
    if jwk.get("kty") == "oct":
        raise ValueError("is a shared secret: that is for SUBSCRIBE_SECRET")
    if PRIVATE & jwk.keys():
        raise ValueError("is a private key: only the public one belongs here")
    kid = jwk.get("kid")
    if not (kid is None or (isinstance(kid, str) and kid)):
        raise ValueError("has a kid that is not text")
    algorithm = _algorithm(jwk)
    return Key(kid, algorithm, _material(jwk, algorithm))


def _algorithm(jwk: Mapping[str, Any]) -> str:
    kind = "RSA" if jwk.get("kty") == "RSA" else f"{jwk.get('kty')} {jwk.get('crv')}"
    possible = ALGORITHMS.get(kind)
    if possible is None:
        raise ValueError(f"is none of {', '.join(ALGORITHMS)}")
    algorithm = jwk.get("alg", possible[0])
    if algorithm not in possible:
        raise ValueError(f"has an alg that is none of {', '.join(possible)}")
    return str(algorithm)


def _material(jwk: dict[str, Any], algorithm: str) -> Any:
    try:
        found = jwt.PyJWK(jwk, algorithm)
        weakness = found.Algorithm.check_key_length(found.key)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError):
        raise ValueError("is not valid") from None
    if weakness:
        raise ValueError("is too short")
    return found.key


def _check_kids(path: str, keys: list[Key]) -> None:
    if not keys:
        raise ValueError(f"{path} has no key for signatures")
    kids = {key.kid for key in keys}
    if len(kids) < len(keys) or (len(keys) > 1 and None in kids):
        raise ValueError(f"each of the keys of {path} needs a kid of its own")
