"""Tokens: who listens, and to what, as a backend has signed it (JSON Web Tokens, RFC 7519).

Each key is good for one algorithm; a token cannot choose another. No part of a token is in an
error, so none can get into a log. No HTTP here.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

import jwt
from jwt.exceptions import InvalidSubjectError

from common import channels
from common.refused import Refused
from config.errors import SettingsError
from config.settings import Settings
from ws_server.door.grant import Grant
from ws_server.door.jwks import Key, read_keys
from ws_server.door.quick_tokens import QuickTokens
from ws_server.door.revoked import Revoked

LEEWAY = 5  # Seconds by which the clocks of a backend and of this machine may differ.
NO_TOKEN = "the token is no JSON Web Token"  # noqa: S105
NEVER = 1 << 40  # Seconds since 1970; a later exp counts as this one.

REASONS: Mapping[type[Exception], str] = {
    jwt.InvalidSignatureError: "the token is not signed with the key of this server",
    jwt.InvalidAlgorithmError: "the token's algorithm is not that of the key",
    jwt.ImmatureSignatureError: "the token is not valid yet",
    jwt.InvalidAudienceError: "the token is for an audience (aud), and this server has no name",
    InvalidSubjectError: "the token's sub must be text",
}


class Tokens:
    """The keys of the settings, SUBSCRIBE_SECRET or SUBSCRIBE_JWKS_FILE."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError if the secret or the file cannot be used."""
        self._max_channels = settings.max_channels
        self.revoked = Revoked()
        self._by_kid: dict[str | None, Key] = {}
        self._quick: QuickTokens | None = None
        if settings.subscribe_secret:
            self._only: Key | None = _shared_key(settings.subscribe_secret)
            self._quick = QuickTokens(settings.subscribe_secret, LEEWAY)
            return
        try:
            keys = read_keys(settings.subscribe_jwks_file)
        except ValueError as problem:
            raise SettingsError("SUBSCRIBE_JWKS_FILE", str(problem)) from None
        self._by_kid = {key.kid: key for key in keys}
        self._only = keys[0] if len(keys) == 1 else None

    def check(self, text: str) -> Grant:
        """What a token grants.

        Raises:
            Refused: it is none of ours, says what it cannot, is not valid now, or is revoked.
        """
        claims = self._verified(text)
        if "aud" in claims:  # Also an empty one, which the library lets pass.
            _refuse(REASONS[jwt.InvalidAudienceError])
        user, channels = _user(claims), self._channels(claims)
        jti, issued = claims.get("jti"), claims.get("iat", 0)
        if jti is not None and not isinstance(jti, str):  # Older PyJWTs let it pass.
            _refuse("the token's jti must be text")
        if type(issued) is not int:
            issued = _whole(issued)
        grant = Grant(user, channels, _expiry(claims), jti, issued)
        if self.revoked.asks:
            self.revoked.refuse(grant)
        return grant

    def _verified(self, text: str) -> dict[str, Any]:
        if not text.isascii():
            _refuse(NO_TOKEN)
        claims = None if self._quick is None else self._quick.claims(text)
        if claims is not None:
            return claims
        try:
            key = self._key_for(text)
            return jwt.decode(text, key.material, [key.algorithm], leeway=LEEWAY)
        except jwt.ExpiredSignatureError:
            raise Refused("token_expired", "the token has expired") from None
        except RecursionError:  # Older PyJWTs pass it on.
            _refuse(NO_TOKEN)
        except jwt.PyJWTError as problem:
            _refuse(REASONS.get(type(problem), NO_TOKEN))

    def _key_for(self, text: str) -> Key:
        if not self._by_kid and self._only is not None:
            return self._only  # A shared secret has no name.
        kid = jwt.get_unverified_header(text).get("kid")
        key = self._only if kid is None else self._by_kid.get(kid)
        if key is None:
            _refuse("the token names no key (kid) of this server")
        return key

    def _channels(self, claims: Mapping[str, Any]) -> frozenset[str]:
        names = claims.get("channels", [])
        if not (isinstance(names, list) and all(map(channels.is_grantable, names))):
            _refuse("the token's channels must be a list of names and wildcards, none of a user")
        if len(set(names)) > self._max_channels:
            _refuse(f"the token has more than {self._max_channels} channels")
        return frozenset(names)


def _shared_key(secret: str) -> Key:
    try:
        jwt.encode({}, secret, "HS256")
    except jwt.PyJWTError:
        raise SettingsError(
            "SUBSCRIBE_SECRET", "is a public key or a JWK, which is no secret"
        ) from None
    return Key(None, "HS256", secret)


def _user(claims: Mapping[str, Any]) -> str | None:
    if "sub" not in claims:
        return None
    user = claims["sub"]
    if not channels.is_user(user):
        _refuse("the token's sub must be the name of a user: letters, digits and _.:@-")
    return str(user)


def _whole(seconds: Any) -> int:
    """Older than all others if nobody can say."""
    try:
        return int(seconds)
    except (TypeError, ValueError, OverflowError):
        return 0


def _expiry(claims: Mapping[str, Any]) -> float | None:
    """When the token is no longer accepted."""
    if "exp" not in claims:
        return None
    expires = claims["exp"]
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        _refuse("the token's exp must be a number")
    return float(min(int(expires), NEVER) + LEEWAY)


def _refuse(reason: str) -> NoReturn:
    # `from None`: what PyJWT raises may quote the token.
    raise Refused("bad_token", reason) from None
