"""Listeners' tokens as they are signed: JSON Web Tokens with HS256 (RFC 7519).

What a token may say is decided by who asks here. Checking one is for `ws_server/door/tokens.py`,
which has a library for it. Without that, a process is 8 MB smaller.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

HEADER = {"alg": "HS256", "typ": "JWT"}


def signed(claims: Mapping[str, Any], secret: str) -> str:
    """A token that says `claims`."""
    unsigned = f"{_encoded(HEADER)}.{_encoded(claims)}"
    return f"{unsigned}.{_base64(hmac.digest(secret.encode(), unsigned.encode(), sha256))}"


def _encoded(part: Mapping[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
