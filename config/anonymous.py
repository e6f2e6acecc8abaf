"""Whether pushes by nobody in particular are what the operator wants.

Without tokens whoever reaches the HTTP API speaks to everybody who listens. On loopback
that is this machine; anything wider has to be asked for.
"""

import logging
from ipaddress import ip_address

from config.settings import Settings, SettingsError

log = logging.getLogger(__name__)


def refuse_anonymous_push(settings: Settings) -> None:
    """Stop a start that would let other machines push without a token.

    Raises:
        SettingsError: it would.
    """
    if _is_open(settings) and not settings.allow_anonymous_push:
        raise SettingsError(
            "PUSH_TOKENS",
            f"at HTTP_HOST={settings.http_host} other machines could push without a token; set "
            "PUSH_TOKENS=name:token, or HTTP_HOST=127.0.0.1, or ALLOW_ANONYMOUS_PUSH=1",
        )


def warn_of_anonymous_push(settings: Settings) -> None:
    """Log that other machines may push without a token, if they may."""
    if _is_open(settings):
        log.warning(
            "ALLOW_ANONYMOUS_PUSH: at HTTP_HOST=%s other machines can push without a token",
            settings.http_host,
        )


def _is_open(settings: Settings) -> bool:
    return not settings.push_tokens and not _is_loopback(settings.http_host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        # Of other names nobody knows here where they will lead.
        return host.lower() == "localhost"
