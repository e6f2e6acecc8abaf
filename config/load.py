"""Settings from the environment and `.env`: the only place that reads either.

A bad value, or a name that nobody knows, stops the start with the variable's name.
It opens no file but `.env`, connects to nothing and keeps no state.
"""

import difflib
import io
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from config.settings import Settings, SettingsError

# What Kubernetes puts into every container beside a Service named message-center.
KUBERNETES = re.compile(r"MESSAGE_CENTER_(SERVICE_HOST|(SERVICE_)?PORT(_\w+)?)")


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
    known = {each.name.upper() for each in fields(Settings)}
    written = _read_dotenv(dotenv_path) if dotenv_path and dotenv_path.is_file() else {}
    for name in environ:
        _refuse_unknown(name, known, strict=False)
    for name in written:
        _refuse_unknown(name, known, strict=True)
    values = {**written, **environ}
    return {name: value for name in known if (value := values.get(name)) is not None}


def _read_dotenv(path: Path) -> dict[str, str | None]:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise SettingsError(str(path), "is not UTF-8") from None
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            line = binding.original.line
            raise SettingsError(f"{path}, line {line}", "is not NAME=value")
    return dotenv_values(stream=io.StringIO(text))


def _refuse_unknown(name: str, known: set[str], *, strict: bool) -> None:
    """Stop at a name that looks like ours and is not; `strict` also stops at near misses."""
    if name in known:
        return
    if not strict and KUBERNETES.fullmatch(name):
        return
    near = difflib.get_close_matches(name.upper(), sorted(known), n=1, cutoff=0.8)
    if name.startswith("MESSAGE_CENTER_") or (strict and near):
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SettingsError(name, f"there is no such setting{hint}")


def parse(values: Mapping[str, str]) -> Settings:
    """Typed settings from the unparsed ones.

    Raises:
        SettingsError: a value is bad.
    """
    parsed = {}
    for each in fields(Settings):
        name = each.name.upper()
        if name not in values:
            continue
        try:
            values[name].encode()  # The environment may hold any bytes.
            parsed[each.name] = each.metadata["check"](values[name])
        except UnicodeEncodeError:
            raise SettingsError(name, "is not UTF-8") from None
        except ValueError as problem:
            raise SettingsError(name, str(problem)) from None
    settings = Settings(**parsed)
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    if settings.max_content_bytes > settings.max_body_bytes:
        raise SettingsError("MAX_CONTENT_BYTES", "must not be larger than MAX_BODY_BYTES")
    if settings.request_timeout <= settings.redis_timeout:
        raise SettingsError("REQUEST_TIMEOUT", "must be larger than REDIS_TIMEOUT")
    for name in ("token_requests_per_second", "token_messages_per_second"):
        if getattr(settings, name) and not settings.push_tokens:
            raise SettingsError(name.upper(), "has no effect without PUSH_TOKENS")
    if settings.subscribe_secret and settings.subscribe_jwks_file:
        raise SettingsError("SUBSCRIBE_JWKS_FILE", "must not be set beside SUBSCRIBE_SECRET")
