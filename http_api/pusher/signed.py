"""Whether a request is signed by an application: its head first, then its body.

The string that is signed is the method, the path and the parameters as Pusher's libraries join
them. What a caller sent is used only as it was signed. No I/O here, and no clock.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import md5
from typing import NamedTuple
from urllib.parse import unquote_plus

from common.pusher.apps import App, Apps
from common.pusher.signing import is_signed
from common.refused import Refused

GRACE = 600  # Seconds that a timestamp may differ from the time of this machine.
VERSION = "1.0"
KEY, TIMESTAMP, SIGNATURE = "auth_key", "auth_timestamp", "auth_signature"
AUTH_VERSION, BODY_MD5 = "auth_version", "body_md5"
AUTH = frozenset((KEY, TIMESTAMP, SIGNATURE, AUTH_VERSION, BODY_MD5))
SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)
INDEX = re.compile(r"\[[^\]]*\]$")  # As PHP writes a list: info[0]=…, info[]=…
MOST_SHOWN = 2000  # Characters of what should have been signed.
ANY_BYTES = "surrogateescape"


class Target(NamedTuple):
    """What a request asks for. `path` is as it was sent, `plain` the same without %-encoding."""

    method: str
    path: bytes
    plain: bytes
    query: bytes


class Signed(NamedTuple):
    """A request that `app` has signed, and the parameters that do not belong to the signature."""

    app: App
    parameters: Mapping[str, str]
    body_md5: str | None


def read_head(apps: Apps, target: Target, now: float) -> Signed:
    """Who has signed a request, by its head.

    Raises:
        Refused: nobody has, it is too old, or no application has this key.
    """
    given = _parameters(target.query)
    for name in (KEY, TIMESTAMP, SIGNATURE):
        if name not in given:
            raise _unsigned(f"Missing parameter: {name}")
    app = apps.with_key(given[KEY])
    if app is None:
        raise Refused("unknown_app", "Unknown auth_key: no application has it")
    if given.get(AUTH_VERSION, VERSION) != VERSION:
        raise _unsigned(f"Version not supported: auth_version must be {VERSION}")
    _refuse_untimely(given[TIMESTAMP], now)
    _refuse_wrong(app, target, given)
    rest = {name: value for name, value in given.items() if name not in AUTH}
    return Signed(app, rest, given.get(BODY_MD5))


def refuse_other_body(signed: Signed, body: bytes) -> None:
    """Refuse a body that is not the one that was signed.

    Raises:
        Refused: it is another one.
    """
    if signed.body_md5 is None:
        if body:
            raise _unsigned(f"Missing parameter: {BODY_MD5}")
    elif signed.body_md5.lower() != md5(body, usedforsecurity=False).hexdigest():
        raise _unsigned(f"Invalid {BODY_MD5}: the body has another")


def refuse_foreign(apps: Apps, signed: Signed, app_id: str) -> None:
    """Refuse a path that names another application. Some libraries write an id of their own there.

    Raises:
        Refused: it does.
    """
    if app_id != signed.app.id and apps.has_id(app_id):
        raise _unsigned("the auth_key belongs to another application than the path names")


def _parameters(query: bytes) -> dict[str, str]:
    """By their names in small letters; what stands several times is joined with commas.

    Raises:
        Refused: a parameter of the signature stands twice.
    """
    found: dict[str, str] = {}
    text = query.decode(errors=ANY_BYTES)
    is_encoded = "%" in text or "+" in text  # Mostly it is not.
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if is_encoded:
            name, value = (
                unquote_plus(name, errors=ANY_BYTES),
                unquote_plus(value, errors=ANY_BYTES),
            )
        if "[" in name:
            name = INDEX.sub("", name)
        name = name.lower()
        if name in found and name in AUTH:
            raise Refused("bad_trigger", f"The parameter {name} stands twice")
        if pair:
            found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _refuse_untimely(timestamp: str, now: float) -> None:
    if not SECONDS.fullmatch(timestamp):
        raise _unsigned("Invalid auth_timestamp: it is the number of seconds since 1970")
    if abs(int(timestamp) - now) > GRACE:
        raise _unsigned(
            f"Timestamp expired: Given timestamp ({_written(int(timestamp))}) not within {GRACE}s "
            f"of server time ({_written(now)})"
        )


def _refuse_wrong(app: App, target: Target, given: Mapping[str, str]) -> None:
    texts = list(_texts_to_sign(target, given))
    if any(is_signed(app, text, given[SIGNATURE]) for text in texts):
        return
    shown = json.dumps(texts[0].decode(errors="replace"), ensure_ascii=False)[:MOST_SHOWN]
    # Not what it would be: whoever has the secret can see where the texts differ.
    raise _unsigned(
        f"Invalid signature: you should have sent HmacSHA256Hex({shown}, your_secret_key)"
    )


def _texts_to_sign(target: Target, given: Mapping[str, str]) -> Iterator[bytes]:
    """What may have been signed: some libraries sign the path before they encode it."""
    named = sorted((name, value) for name, value in given.items() if name != SIGNATURE)
    joined = "&".join(f"{name}={value}" for name, value in named).encode(errors=ANY_BYTES)
    for path in dict.fromkeys((target.path, target.plain)):
        yield b"\n".join((target.method.encode(), path, joined))


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unsigned(reason: str) -> Refused:
    return Refused("bad_signature", reason, {"WWW-Authenticate": "Pusher"})
