"""The settings: every problem, and what is allowed but unwise.

It connects to nothing. No value of a secret is shown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from config.addresses import refuse_shared_ports
from config.anonymous import lets_others_push, refuse_anonymous_push
from config.cli.doctor.dialects import dialect_findings
from config.cli.doctor.finding import Finding, note, ok, problem
from config.errors import SettingsError
from config.networks import is_loopback
from config.settings import Settings

PROXY_SILENCE = 60.0  # Seconds after which nginx and others end a connection, by default.
LONG_POLL = 10.0  # Seconds that a message may wait without anybody wondering.


def settings_findings(
    settings: Settings,
    problems: Sequence[SettingsError],
    slips: Mapping[str, str],
    *,
    embedded: bool,
) -> Iterator[Finding]:
    """`problems` are those of reading; `embedded`: `serve` would start a Valkey."""
    found = [*map(_stops, problems), *_stopping(settings, embedded=embedded)]
    found += [_slip(name, meant) for name, meant in slips.items()]
    found += [each for look in LOOKS for each in look(settings)]
    yield from found
    if not found:
        yield ok("settings", "all are good, also together")


def _stops(refused: SettingsError) -> Finding:
    return problem("settings", str(refused), f"set {refused.name} right: the servers do not start")


def _slip(name: str, meant: str) -> Finding:
    return note(
        "settings",
        f"the environment has {name}, which is no setting",
        f"if {meant} was meant, call it that",
    )


def _stopping(settings: Settings, *, embedded: bool) -> Iterator[Finding]:
    """What the start refuses after the settings were read."""
    checks: tuple[Callable[[], None], ...] = (
        lambda: refuse_anonymous_push(settings),
        lambda: refuse_shared_ports(settings, embedded=embedded),
    )
    for check in checks:
        try:
            check()
        except SettingsError as refused:
            yield _stops(refused)


def _pushing(settings: Settings) -> Iterator[Finding]:
    if lets_others_push(settings) and settings.allow_anonymous_push:
        yield note(
            "settings",
            "ALLOW_ANONYMOUS_PUSH: other machines can push and read all messages without a token",
            "set PUSH_TOKENS=name:token, unless a firewall keeps everybody else away",
        )
    is_behind_proxy = settings.trusted_proxies and is_loopback(settings.http_host)
    if is_behind_proxy and not settings.needs_push_token:
        yield note(
            "settings",
            "TRUSTED_PROXIES is set and PUSH_TOKENS is not: if the proxy also leads to the HTTP "
            "API, the world can push through it",
            "set PUSH_TOKENS=name:token",
        )


def _listening(settings: Settings) -> Iterator[Finding]:
    if is_loopback(settings.ws_host) and not settings.ws_public_url:
        return
    if not (settings.subscribe_secret or settings.subscribe_jwks_file):
        yield note(
            "settings",
            "everybody who reaches the WebSocket server may listen to every channel",
            "set SUBSCRIBE_SECRET, unless every message is for everybody",
        )
    if "*" in settings.allowed_origins:
        yield note(
            "settings",
            "ALLOWED_ORIGINS=*: pages of any site may listen; if a proxy asks for a cookie or a "
            "password, they get past it in the browsers of those who have it",
            "set ALLOWED_ORIGINS to the sites whose pages listen",
        )
    elif settings.ws_public_url.startswith("wss:") and all(
        each.startswith("http:") for each in settings.allowed_origins
    ):
        yield note(
            "settings",
            "ALLOWED_ORIGINS names http:// only, and WS_PUBLIC_URL is wss://",
            "name the https:// origins of the pages",
        )


def _waiting(settings: Settings) -> Iterator[Finding]:
    if settings.ping_interval >= PROXY_SILENCE:
        yield note(
            "settings",
            f"PING_INTERVAL={settings.ping_interval:g}: most proxies end a connection that is "
            f"silent for {PROXY_SILENCE:g} s",
            "set it below half of the time limit of the proxy, for example to 25",
        )
    if settings.delivery == "timer" and settings.poll_interval > LONG_POLL:
        yield note(
            "settings",
            f"DELIVERY=timer with POLL_INTERVAL={settings.poll_interval:g}: a message waits up to "
            "that many seconds",
            "set DELIVERY=instant, or a shorter POLL_INTERVAL",
        )
    if settings.slow_client_seconds > settings.history_seconds:
        yield note(
            "settings",
            "SLOW_CLIENT_SECONDS is longer than HISTORY_SECONDS: a slow client is kept for "
            "messages that are gone",
            "set HISTORY_SECONDS higher",
        )
    if settings.request_timeout >= PROXY_SILENCE:
        yield note(
            "settings",
            f"REQUEST_TIMEOUT={settings.request_timeout:g}: a proxy that gives up after "
            f"{PROXY_SILENCE:g} s answers 504 to a push that may still be accepted",
            f"set it below {PROXY_SILENCE:g}, or raise the limit of the proxy",
        )


def _inbox(settings: Settings) -> Iterator[Finding]:
    if settings.inbox_seconds > settings.history_seconds:
        yield note(
            "settings",
            "INBOX_SECONDS is longer than HISTORY_SECONDS: a user who comes so late is remembered, "
            "but the messages are gone",
            "set HISTORY_SECONDS higher, and HISTORY_SIZE and HISTORY_BYTES with it",
        )


LOOKS = (_pushing, _listening, _waiting, _inbox, dialect_findings)
