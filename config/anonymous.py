"""Whether pushes by nobody in particular are what the operator wants.

Without tokens everybody who reaches the HTTP API can push to everybody who listens. On
loopback only this machine reaches it; anything wider has to be asked for. A container
listens at all of its addresses, so what counts there is where its port is published
(HTTP_PUBLISH).
"""

import logging

from config.errors import SettingsError
from config.networks import is_loopback, parse_address
from config.settings import Settings

log = logging.getLogger(__name__)


def refuse_anonymous_push(settings: Settings) -> None:
    """Stop a start that would let other machines push without a token.

    Raises:
        SettingsError: it would.
    """
    name, host = _reached_at(settings)
    if lets_others_push(settings) and not settings.allow_anonymous_push:
        raise SettingsError(
            "PUSH_TOKENS",
            f"at {name}={host} other machines could push without a token; set "
            f"PUSH_TOKENS=name:token, or {name}=127.0.0.1, or ALLOW_ANONYMOUS_PUSH=1",
        )


def warn_of_anonymous_push(settings: Settings) -> None:
    """Log that others than this machine may push without a token, if they may."""
    name, host = _reached_at(settings)
    if lets_others_push(settings):
        log.warning(
            "ALLOW_ANONYMOUS_PUSH: at %s=%s other machines can push without a token", name, host
        )
    elif name == "HTTP_PUBLISH" and not settings.needs_push_token:
        log.warning(
            "HTTP_PUBLISH=%s: everybody on that machine, or in a container of this network, can "
            "push without a token; set PUSH_TOKENS=name:token",
            host,
        )
    elif settings.pusher_apps and not settings.needs_push_token:
        log.warning(
            "PUSHER_APPS without PUSH_TOKENS: whoever reaches %s=%s can push to all channels by "
            "/push, without a signature; set PUSH_TOKENS=name:token",
            name,
            host,
        )


def lets_others_push(settings: Settings) -> bool:
    """Whether other machines may push without a token."""
    return not settings.needs_push_token and not is_loopback(_reached_at(settings)[1])


def _reached_at(settings: Settings) -> tuple[str, str]:
    """The setting that says where others reach the HTTP API, and its value."""
    address = parse_address(settings.http_host)
    if settings.http_publish and address is not None and address.is_unspecified:
        return "HTTP_PUBLISH", settings.http_publish
    return "HTTP_HOST", settings.http_host  # One address of many: it says for itself who comes.
