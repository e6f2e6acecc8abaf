"""Keys and tokens for tests: made once, and in no file of the repository."""

import base64
import hashlib
import hmac
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

SECRET = "a secret of the tests, 32 bytes or more"
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


@cache
def private_key(algorithm: str, which: int = 0) -> Any:
    """The same key each time; another one for another `which`."""
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    return rsa.generate_private_key(65537, 2048)


def public_jwk(algorithm: str, which: int = 0, **fields: object) -> dict[str, Any]:
    """What a key server lists; `alg` is not in it, unless it is among `fields`."""
    jwk = json.loads(
        get_default_algorithms()[algorithm].to_jwk(private_key(algorithm, which).public_key())
    )
    return {
        **{name: value for name, value in jwk.items() if name not in ("key_ops", "alg")},
        **fields,
    }


def private_jwk(algorithm: str) -> dict[str, Any]:
    """What belongs where tokens are signed, and nowhere else."""
    return dict(json.loads(get_default_algorithms()[algorithm].to_jwk(private_key(algorithm))))


def public_pem(algorithm: str) -> bytes:
    """A public key as everybody may have it."""
    return bytes(
        private_key(algorithm)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def write_jwks(folder: Path, *keys: object) -> str:
    """A file with these keys; its path."""
    path = folder / "jwks.json"
    path.write_text(json.dumps({"keys": keys}))
    return str(path)


def signed(claims: dict[str, Any], algorithm: str = "HS256", which: int = 0, **header: str) -> str:
    """A token as a backend makes it."""
    key = SECRET if algorithm == "HS256" else private_key(algorithm, which)
    return jwt.encode(claims, key, algorithm, headers=header)


def forged(header: dict[str, object], claims: dict[str, object], secret: bytes = b"") -> str:
    """A token of somebody who knows how they are made: any header, and HMAC with any bytes."""
    text = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
    signature = hmac.digest(secret, text.encode(), hashlib.sha256) if secret else b""
    return f"{text}.{_base64(signature)}"


def in_seconds(seconds: float) -> int:
    """For `exp` and `nbf`; negative: so long ago."""
    return int(time.time() + seconds)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
