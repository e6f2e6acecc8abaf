"""The settings that say who may push, listen and watch; see `config.groups`."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from config import checks
from config.setting import setting


@dataclass(frozen=True, kw_only=True)
class PermissionSettings:
    """Who may push and listen"""

    # Each is a name and a token; those of the file may have what they may do as a third.
    push_tokens: tuple[tuple[str, ...], ...] = setting(
        (),
        "Who may push, as `name:token,name:token`. If unset, everybody who reaches the HTTP API",
        checks.named_tokens,
        secret=True,
    )
    push_tokens_file: str = setting(
        "",
        "A file with more such tokens, as lines `name:token`, each with what it may do if that is "
        "not everything. SIGHUP to `http` has it read again",
        checks.optional(checks.path),
    )
    allow_anonymous_push: bool = setting(
        False,
        "`1`: start without `PUSH_TOKENS` even where other machines reach the HTTP API",
        checks.flag,
    )
    metrics_token: str = setting(
        "",
        "Whoever reads `/metrics` needs this token. If unset, it is read like `/stats` on the HTTP "
        "port, and is not there on the WebSocket port",
        checks.optional(checks.bearer),
        secret=True,
    )
    subscribe_secret: str = setting(
        "",
        "Listeners need a token signed with this secret (HS256), 32 bytes or more. If unset, they "
        "need none",
        checks.secret,
        secret=True,
        exact=True,
    )
    subscribe_jwks_file: str = setting(
        "",
        "Listeners need a token signed with one of the keys in this file (a JWKS; RS256, ES256 "
        "and the like)",
        checks.optional(checks.path),
    )
    allowed_origins: tuple[str, ...] = setting(
        ("*",),
        "Pages of these origins may listen, as `https://a.example,https://b.example`; `*`: of any",
        checks.listed(checks.origin, at_least=1),
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = setting(
        (),
        "Addresses or networks of proxies whose `X-Forwarded-For` is believed, as "
        "`127.0.0.1,10.0.0.0/8`",
        checks.listed(checks.network),
    )
