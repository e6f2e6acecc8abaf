"""Settings from the environment and `.env`: the only place that reads either.

A bad value, or a name that is nearly one of ours, stops the start with the variable's name.
It opens no file but `.env`, connects to nothing and keeps no state.
"""

import io
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from config.errors import SettingsError
from config.pusher_webhooks import without_app
from config.settings import Settings
from config.slips import LINK, PREFIX, certain

log = logging.getLogger(__name__)

LINKED = re.compile(
    rf"{PREFIX}(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?|NAME|ENV_\w+)"
)
# What the examples ask of those who copy them; a backend may run beside the servers.
EXAMPLES = re.compile(rf"{PREFIX}(URL|TOKEN|LISTEN_URL|EVENTS_URL|LISTEN_TOKEN)")
# What was a setting in an older version, and what to do without it.
REMOVED = {"MAX_BATCH_MESSAGES": "a batch has 10000 messages at most: send more in parts"}


def load(environ: Mapping[str, str], dotenv_path: Path | None = None) -> Settings:
    """Settings from `environ`, then the `.env` file, then the defaults.

    Raises:
        SettingsError: a value is bad or a name is unknown.
    """
    return parse(read(environ, dotenv_path))


def read(environ: Mapping[str, str], dotenv_path: Path | None = None) -> dict[str, str]:
    """The variables that are set and ours, unparsed; `environ` wins over the file.

    Raises:
        SettingsError: a name is unknown.
    """
    values, problems = read_all(environ, dotenv_path)
    if problems:
        raise problems[0]
    return values


def read_all(
    environ: Mapping[str, str], dotenv_path: Path | None = None
) -> tuple[dict[str, str], list[SettingsError]]:
    """The same, with every problem instead of the first one."""
    known = {each.name.upper() for each in fields(Settings)}
    written: dict[str, str | None] = {}
    problems = []
    try:
        written = _read_dotenv(dotenv_path) if dotenv_path else {}
    except SettingsError as problem:
        problems.append(problem)
    ours = without_links(environ)
    for name in sorted(environ.keys() - ours.keys()):
        log.warning("%s: %r is of Kubernetes or --link: ignored", name, environ[name])
    named = [(name, False) for name in environ if not LINK.fullmatch(environ[name])]
    for name, strict in [*named, *((name, True) for name in written)]:
        try:
            _refuse_unknown(name, known, strict=strict)
        except SettingsError as problem:
            problems.append(problem)
    values = {**written, **ours}
    found = {name: value for name in known if (value := values.get(name)) is not None}
    return found, problems


def without_links(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without settings of ours whose values Kubernetes or --link has written."""
    ours = {each.name.upper() for each in fields(Settings)}
    return {
        name: value
        for name, value in environ.items()
        if name not in ours or not LINK.fullmatch(value)
    }


def _read_dotenv(path: Path) -> dict[str, str | None]:
    try:
        text = path.read_text("utf-8-sig")  # Notepad begins it with a BOM.
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise SettingsError(str(path), "is not UTF-8") from None
    except OSError as problem:
        raise SettingsError(str(path), f"cannot be read: {problem.strerror}") from None
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            line = binding.original.line
            raise SettingsError(f"{path}, line {line}", "is not NAME=value")
    return dotenv_values(stream=io.StringIO(text))


def _refuse_unknown(name: str, known: set[str], *, strict: bool) -> None:
    """Stop at a name that can only be meant as ours; log any other that may be."""
    if name in known:
        return
    if name in REMOVED:
        told = f"is no setting any more; {REMOVED[name]}"
        if strict:
            raise SettingsError(name, f"{told}. Take the line out")
        log.warning("%s: %s", name, told)
        return
    meant = certain(name.upper(), known, is_ours=strict)
    if meant:
        raise SettingsError(name, f"there is no such setting; did you mean {meant}?")
    if name.startswith(PREFIX) and not LINKED.fullmatch(name) and not EXAMPLES.fullmatch(name):
        log.warning("%s: there is no such setting; ignored", name)


def parse(values: Mapping[str, str]) -> Settings:
    """Typed settings from the unparsed ones.

    Raises:
        SettingsError: a value is bad.
    """
    settings, problems = parse_all(values)
    if problems:
        raise problems[0]
    return settings


def parse_all(values: Mapping[str, str]) -> tuple[Settings, list[SettingsError]]:
    """The same, with every problem instead of the first one; a bad value gives its default."""
    parsed = {}
    problems = []
    for each in fields(Settings):
        name = each.name.upper()
        if name not in values:
            continue
        try:
            values[name].encode()  # The environment may hold any bytes.
            text = values[name] if each.metadata["exact"] else values[name].strip()
            parsed[each.name] = each.metadata["check"](text)
        except UnicodeEncodeError:
            problems.append(SettingsError(name, "is not UTF-8"))
        except ValueError as problem:
            problems.append(SettingsError(name, str(problem)))
    settings = Settings(**parsed)
    return settings, [*problems, *_problems_together(settings)]


def _problems_together(settings: Settings) -> Iterator[SettingsError]:
    if settings.max_content_bytes > settings.max_body_bytes:
        yield SettingsError("MAX_CONTENT_BYTES", "must not be larger than MAX_BODY_BYTES")
    if settings.request_timeout <= settings.redis_timeout:
        yield SettingsError("REQUEST_TIMEOUT", "must be larger than REDIS_TIMEOUT")
    for name in ("token_requests_per_second", "token_messages_per_second"):
        if getattr(settings, name) and not (settings.needs_push_token or settings.pusher_apps):
            yield SettingsError(name.upper(), "has no effect without PUSH_TOKENS or PUSHER_APPS")
    stranger = without_app(settings.pusher_webhooks, settings.pusher_apps)
    if stranger is not None:
        reason = f"has the id {stranger}, which no application in PUSHER_APPS has"
        yield SettingsError("PUSHER_WEBHOOKS", reason)
    if settings.subscribe_secret and settings.subscribe_jwks_file:
        yield SettingsError("SUBSCRIBE_JWKS_FILE", "must not be set together with SUBSCRIBE_SECRET")
