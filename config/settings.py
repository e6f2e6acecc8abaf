"""Every setting, written once: its name, its default, its meaning and its check.

`load` is the only place that reads the environment. A bad value, or a name
that nobody knows, stops the start with the variable's name. This module opens
no file but `.env`, connects to nothing and keeps no state.
"""

import difflib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from config.checks import Check, matching, number, one_of
from config.redis_url import redis_url

KIB = 1024
MIB = 1024 * KIB

# What Kubernetes puts into every container beside a Service named message-center.
KUBERNETES = re.compile(r"MESSAGE_CENTER_(SERVICE_HOST|(SERVICE_)?PORT(_\w+)?)")


class SettingsError(ValueError):
    """A setting that stops the start; `name` is the environment variable."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name = name
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}"


def _setting(default: Any, meaning: str, check: Check = str) -> Any:
    return field(default=default, metadata={"meaning": meaning, "check": check})


_host = matching(r"[^\s/]+", "a host name or address")
_port = number(int, 1, 65535)
_workers = number(int, 1, 256)
_count = number(int, 1, 1_000_000_000)
_seconds = number(float, 0.001, 31_536_000)
_size = number(int, 1, 1024 * MIB)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings; a variable is its field's name in capitals. Sizes are bytes, times seconds."""

    message_center_key: str = _setting(
        "message_center",
        "The Redis list between the two processes; the log is `{KEY}:log`",
        matching(r"[^\s{}]+", "a Redis key without spaces or braces"),
    )
    redis_url: str = _setting(
        "redis://127.0.0.1:6379/0",
        "Redis (6.2 or newer) or Valkey: one, or `redis+sentinel://…`, or `redis+cluster://…`; "
        "unset, `message-center serve` starts a Valkey of its own",
        redis_url,
    )
    redis_timeout: float = _setting(
        5.0,
        "Longest wait for Redis to connect or to answer, in seconds",
        number(float, 2, 3600),  # Blocking commands block for one second.
    )
    http_host: str = _setting("127.0.0.1", "Address of the HTTP API", _host)
    http_port: int = _setting(2346, "Port of the HTTP API", _port)
    http_workers: int = _setting(1, "Processes of the HTTP API", _workers)
    ws_host: str = _setting("127.0.0.1", "Address of the WebSocket server", _host)
    ws_port: int = _setting(2345, "Port of the WebSocket server", _port)
    ws_workers: int = _setting(1, "Processes of the WebSocket server, one core each", _workers)
    delivery: str = _setting(
        "timer",
        "`timer`: look every POLL_INTERVAL; `instant`: the push itself wakes the server",
        one_of("timer", "instant"),
    )
    poll_interval: float = _setting(1.0, "Seconds between two looks at the queue", _seconds)
    message_prefix: str = _setting(
        "Python语言消息中心: ", "Put before each message in the text format; may be empty"
    )
    max_content_bytes: int = _setting(
        64 * KIB, "Largest content of one message, in bytes of UTF-8", _size
    )
    max_batch_messages: int = _setting(10_000, "Most messages in one /push/batch", _count)
    idempotency_seconds: int = _setting(
        3600,
        "How long the id of a push is remembered, in seconds; it is accepted once in that time",
        number(int, 1, 7 * 86_400),
    )
    max_body_bytes: int = _setting(16 * MIB, "Largest body of a request, in bytes", _size)
    request_timeout: float = _setting(
        30.0,
        "Longest time for a request to arrive and be answered, in seconds",
        number(float, 1, 86_400),
    )
    history_size: int = _setting(
        100_000,
        "Messages that the log keeps, if they are not older than HISTORY_SECONDS",
        number(int, 5_000, 1_000_000_000),  # Some settles of each process: see MOST_UNREAD.
    )
    history_seconds: int = _setting(
        86_400, "Age after which the log forgets a message, in seconds", _count
    )
    window_bytes: int = _setting(
        16 * MIB,
        "Recent frames kept in memory for clients that fell behind, per process and format in use",
        _size,
    )
    ping_interval: float = _setting(
        25.0, "Seconds between two pings; a client silent for two of them is dropped", _seconds
    )
    slow_client_seconds: float = _setting(
        60.0, "A client that takes nothing for so long while data waits for it is dropped", _seconds
    )
    max_client_message_bytes: int = _setting(
        64 * KIB, "Largest message accepted from a WebSocket client, in bytes", _size
    )
    max_connections: int = _setting(
        16_000, "WebSocket connections per process; more are answered 503", _count
    )
    stop_timeout: float = _setting(
        10.0, "Longest time for a graceful stop, in seconds", number(float, 0.1, 3600)
    )
    worker_class: str = _setting(
        "ws_server.worker:Worker",
        "The class with the six hooks, as `module:Class`",
        matching(r"\w+(\.\w+)*:\w+", "module:Class"),
    )
    data_dir: str = _setting(
        ".message-center", "Folder of the embedded Valkey's data", matching(r".+", "a folder")
    )
    embedded_redis_port: int = _setting(
        6379,
        "Port of the embedded Valkey; when taken, or 0, any free one",
        number(int, 0, 65535),
    )
    log_level: str = _setting(
        "info",
        "`debug`, `info`, `warning` or `error`",
        one_of("debug", "info", "warning", "error"),
    )


@dataclass(frozen=True)
class Description:
    """One row of the settings table."""

    name: str
    default: Any
    meaning: str


def describe() -> list[Description]:
    """All settings in order, for the documentation and its test."""
    return [
        Description(each.name.upper(), each.default, each.metadata["meaning"])
        for each in fields(Settings)
    ]


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
