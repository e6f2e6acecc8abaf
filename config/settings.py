"""Every setting, written once: its name, its default, its meaning and its check.

`config.load` reads them. This module reads nothing.
"""

from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from config.checks import (
    BYTES,
    SECONDS,
    Check,
    flag,
    host,
    listed,
    matching,
    named_tokens,
    network,
    number,
    one_of,
    optional,
    origin,
    path,
    secret,
    without_line_end,
)
from config.redis_url import redis_url

KIB = 1024
MIB = 1024 * KIB


def _setting(
    default: Any, meaning: str, check: Check, *, secret: bool = False, exact: bool = False
) -> Any:
    """`exact`: blanks before and behind the value belong to it."""
    metadata = {"meaning": meaning, "check": check, "exact": exact}
    return field(default=default, metadata=metadata, repr=not secret)


_port = number(int, 1, 65535)
_workers = number(int, 1, 256)
_count = number(int, 1, 1_000_000_000)
_seconds = number(float, 0.001, 31_536_000, SECONDS)
_size = number(int, 1, 1024 * MIB, BYTES)
_long_time = number(int, 1, 1_000_000_000, SECONDS)
_rate = number(float, 0, 1_000_000)


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
        number(float, 2, 3600, SECONDS),  # Blocking commands block for one second.
    )
    http_host: str = _setting("127.0.0.1", "Address of the HTTP API", host)
    http_port: int = _setting(2346, "Port of the HTTP API", _port)
    http_publish: str = _setting(
        "",
        "In a container that listens at all addresses: where its HTTP port is published. Loopback "
        "needs no PUSH_TOKENS",
        optional(host),
    )
    http_workers: int = _setting(1, "Processes of the HTTP API", _workers)
    ws_host: str = _setting("127.0.0.1", "Address of the WebSocket server", host)
    ws_port: int = _setting(2345, "Port of the WebSocket server", _port)
    ws_workers: int = _setting(1, "Processes of the WebSocket server, one core each", _workers)
    delivery: str = _setting(
        "timer",
        "`timer`: look every POLL_INTERVAL; `instant`: the push itself wakes the server",
        one_of("timer", "instant"),
    )
    poll_interval: float = _setting(1.0, "Seconds between two looks at the queue", _seconds)
    message_prefix: str = _setting(
        "Python语言消息中心: ",
        "Put before each message in the text format; may be empty",
        without_line_end,
        exact=True,
    )
    max_content_bytes: int = _setting(
        64 * KIB, "Largest content of one message, in bytes of UTF-8", _size
    )
    max_batch_messages: int = _setting(10_000, "Most messages in one /push/batch", _count)
    idempotency_seconds: int = _setting(
        3600,
        "How long the id of a push is remembered, in seconds; it is accepted once in that time",
        number(int, 1, 7 * 86_400, SECONDS),
    )
    max_body_bytes: int = _setting(16 * MIB, "Largest body of a request, in bytes", _size)
    header_timeout: float = _setting(
        15.0,
        "Longest time for the head of a request or a handshake to arrive, and for an idle "
        "connection, in seconds",
        number(float, 1, 3600, SECONDS),
    )
    request_timeout: float = _setting(
        30.0,
        "Longest time for a request to arrive and be answered, in seconds",
        number(float, 1, 86_400, SECONDS),
    )
    history_size: int = _setting(
        100_000,
        "Messages that the log keeps, if they are not older than HISTORY_SECONDS",
        number(int, 5_000, 1_000_000_000),  # Some settles of each process: see MOST_UNREAD.
    )
    history_seconds: int = _setting(
        86_400, "Age after which the log forgets a message, in seconds", _long_time
    )
    window_bytes: int = _setting(
        16 * MIB,
        "Memory for what clients that fell behind may need: recent messages, and pages of the log "
        "for those further behind; bytes, per process and format in use",
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
    max_channels: int = _setting(
        100,
        "Most channels that a connection can listen to, and that one message can be pushed to",
        number(int, 1, 1000),
    )
    push_tokens: tuple[tuple[str, str], ...] = _setting(
        (),
        "Who may push, as `name:token,name:token`; unset, whoever reaches the HTTP API",
        named_tokens,
        secret=True,
    )
    allow_anonymous_push: bool = _setting(
        False,
        "`1`: start without PUSH_TOKENS even where other machines reach the HTTP API",
        flag,
    )
    subscribe_secret: str = _setting(
        "",
        "Whoever listens needs a token signed with this (HS256), 32 bytes or more; unset, nobody "
        "needs one",
        secret,
        secret=True,
        exact=True,
    )
    subscribe_jwks_file: str = _setting(
        "",
        "Whoever listens needs a token signed with one of the keys in this file (a JWKS; RS256, "
        "ES256 and the like)",
        optional(path),
    )
    allowed_origins: tuple[str, ...] = _setting(
        ("*",),
        "Pages of these origins may listen, as `https://a.example,https://b.example`; `*`: any",
        listed(origin, at_least=1),
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = _setting(
        (),
        "Addresses or networks whose X-Forwarded-For is believed, as `127.0.0.1,10.0.0.0/8`",
        listed(network),
    )
    token_requests_per_second: float = _setting(
        0.0, "Most requests a second with one of PUSH_TOKENS, per process; 0: no limit", _rate
    )
    token_messages_per_second: float = _setting(
        0.0, "Most messages a second with one of PUSH_TOKENS, per process; 0: no limit", _rate
    )
    address_requests_per_second: float = _setting(
        0.0,
        "Most requests a second that need a token, from an address, per process; 0: no limit",
        _rate,
    )
    address_messages_per_second: float = _setting(
        0.0, "Most messages a second pushed from one address, per process; 0: no limit", _rate
    )
    connections_per_address: int = _setting(
        0,
        "Most connections from one address, per process; 0: no limit",
        number(int, 0, 1_000_000),
    )
    client_messages_per_second: float = _setting(
        0.0, "Most messages a second from one WebSocket client; 0: no limit", _rate
    )
    stop_timeout: float = _setting(
        10.0, "Longest time for a graceful stop, in seconds", number(float, 0.1, 3600, SECONDS)
    )
    worker_class: str = _setting(
        "ws_server.worker:Worker",
        "The class with the six hooks, as `module:Class`",
        matching(r"\w+(\.\w+)*:\w+", "module:Class"),
    )
    data_dir: str = _setting(".message-center", "Folder of the embedded Valkey's data", path)
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
    """One row of the settings table; `default` as one would write it."""

    name: str
    default: str
    meaning: str


def describe() -> list[Description]:
    """All settings in order, for the documentation and its test."""
    return [
        Description(each.name.upper(), _written(each.default), each.metadata["meaning"])
        for each in fields(Settings)
    ]


def _written(default: Any) -> str:
    if isinstance(default, bool):
        return str(int(default))
    return ",".join(default) if isinstance(default, tuple) else str(default)
