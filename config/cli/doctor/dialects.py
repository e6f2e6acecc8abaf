"""The settings of other protocols: what is allowed but unwise. No secret is shown."""

from collections.abc import Iterator

from config.cli.doctor.finding import Finding, note
from config.settings import Settings

LONG_ENOUGH = 20  # Characters: as many as Pusher's own secrets have.
VARIED = 8  # Different ones.
PLACEHOLDERS = ("secret", "change", "example", "password")


def dialect_findings(settings: Settings) -> Iterator[Finding]:
    """What one should know of PUSHER_APPS and SOCKET_IO as they are set."""
    if settings.pusher_apps:
        yield from _pusher(settings)
    spoken = [
        name
        for name, is_set in (
            ("PUSHER_APPS", settings.pusher_apps),
            ("SOCKET_IO", settings.socket_io),
        )
        if is_set
    ]
    if spoken and settings.delivery == "timer":
        yield note(
            "settings",
            f"{' and '.join(spoken)} with DELIVERY=timer: an event waits up to "
            f"{settings.poll_interval:g} s, and so do members who come and go",
            "set DELIVERY=instant",
        )


def _pusher(settings: Settings) -> Iterator[Finding]:
    for id_, key, secret in settings.pusher_apps:
        if is_weak(key, secret):
            yield note(
                "settings",
                f"PUSHER_APPS: the secret of application {id_} can be guessed; who has it may do "
                "everything in its channels",
                "take another one, such as `openssl rand -hex 24` prints, here and at the backend",
            )
    if settings.subscribe_secret or settings.subscribe_jwks_file:
        yield note(
            "settings",
            "listeners need a token, but who has the key of an application in PUSHER_APPS, which "
            "pages show, hears its channels that do not begin with private- or presence-",
            "push what not everybody may hear to channels that begin with private-",
        )
    if not settings.needs_push_token:
        yield note(
            "settings",
            "PUSHER_APPS is set and PUSH_TOKENS is not: who reaches the HTTP API can push to all "
            "channels by /push, and read all messages, without a signature",
            "set PUSH_TOKENS=name:token",
        )


def is_weak(key: str, secret: str) -> bool:
    """Whether a secret is short, has few different characters, or is made up."""
    return (
        len(secret) < LONG_ENOUGH
        or len(set(secret)) < VARIED
        or secret == key
        or any(word in secret.lower() for word in PLACEHOLDERS)
    )
