"""Every setting, written once: its name, its default, its meaning and its check.

A group is a class, and its docstring is its title in the documentation. A variable is its
field's name in capitals. Sizes are bytes, times seconds. Nothing is read here.
"""

from dataclasses import dataclass

from config import checks
from config.checks import BYTES, SECONDS, Number, OneOf
from config.public_url import websocket_url
from config.redis_url import redis_url
from config.setting import COUNT, KIB, LONG_TIME, MIB, PORT, RATE, SIZE, TIME, WORKERS, setting


@dataclass(frozen=True, kw_only=True)
class RedisSettings:
    """Redis"""

    message_center_key: str = setting(
        "message_center",
        "The Redis list between the two processes. The log is the stream `{message_center}:log`: "
        "the braces are part of its name",
        checks.matching(r"[^\s{}]+", "a Redis key without spaces or braces"),
    )
    redis_url: str = setting(
        "redis://127.0.0.1:6379/0",
        "Redis (6.2 or newer) or Valkey: one server, or `redis+sentinel://…`, or "
        "`redis+cluster://…`. If unset, `message-center serve` starts a Valkey of its own",
        redis_url,
    )
    redis_timeout: float = setting(
        5.0,
        "Longest wait for Redis to connect or to answer",
        Number(float, 2, 3600, SECONDS),  # Blocking commands block for one second.
    )
    data_dir: str = setting(
        ".message-center", "Folder for the data of the Valkey that `serve` starts", checks.path
    )
    embedded_redis_port: int = setting(
        6379,
        "Port of the Valkey that `serve` starts. If it is taken, or 0, any free port",
        Number(int, 0, 65535),
    )


@dataclass(frozen=True, kw_only=True)
class AddressSettings:
    """Addresses and ports"""

    http_host: str = setting("127.0.0.1", "Address at which the HTTP API listens", checks.host)
    http_port: int = setting(2346, "Port of the HTTP API", PORT)
    http_publish: str = setting(
        "",
        "For a container that listens at all addresses: the address at which its HTTP port is "
        "published. Loopback needs no `PUSH_TOKENS`",
        checks.optional(checks.host),
    )
    ws_host: str = setting(
        "127.0.0.1", "Address at which the WebSocket server listens", checks.host
    )
    ws_port: int = setting(2345, "Port of the WebSocket server", PORT)
    ws_public_url: str = setting(
        "",
        "Where browsers reach the WebSocket server, as `wss://push.example.com/ws`. If unset, at "
        "`WS_PORT` of the host of the HTTP API",
        checks.optional(websocket_url),
    )


@dataclass(frozen=True, kw_only=True)
class DeliverySettings:
    """Delivery and history"""

    delivery: str = setting(
        "timer",
        "`timer`: look at the queue every `POLL_INTERVAL`; `instant`: the push itself wakes the "
        "server",
        OneOf("timer", "instant"),
    )
    poll_interval: float = setting(1.0, "Time between two looks at the queue", TIME)
    message_prefix: str = setting(
        "Python语言消息中心: ",
        "Text before each message in the text format; may be empty",
        checks.without_line_end,
        exact=True,
    )
    idempotency_seconds: int = setting(
        3600,
        "How long the id of a push is remembered. In that time it is accepted once",
        Number(int, 1, 7 * 86_400, SECONDS),
    )
    receipt_seconds: int = setting(
        3600,
        "How long is counted who has got a message whose receipt is asked for. It can be read for "
        "twice as long",
        Number(int, 10, 7 * 86_400, SECONDS),
    )
    history_size: int = setting(
        100_000,
        "Messages that the log keeps, if they are not older than `HISTORY_SECONDS`",
        Number(int, 5_000, 1_000_000_000),  # Some settles of each process: see MOST_UNREAD.
    )
    history_seconds: int = setting(
        86_400, "Age after which a message is removed from the log", LONG_TIME
    )
    history_bytes: int = setting(
        256 * MIB,
        "Size above which the oldest messages are removed from the log; 0: no limit. Redis needs "
        "up to a third more memory for it",
        Number(int, 16 * MIB, 1024**5, BYTES, or_zero=True),  # Some settles of each process.
    )
    client_seconds: int = setting(
        86_400,
        "How long it is remembered how far a client is that listens with `?client=`, after it was "
        "here; 0: such clients are refused",
        Number(int, 1, 30 * 86_400, SECONDS, or_zero=True),
    )
    inbox_seconds: int = setting(
        0,
        "How long what is pushed to a user waits for its next connection, if none is there; 0: it "
        "does not",
        Number(int, 1, 30 * 86_400, SECONDS, or_zero=True),
    )
    window_bytes: int = setting(
        16 * MIB,
        "Memory for what clients that fell behind may need, for each process and each format in "
        "use: recent messages, and pages of the log for clients further behind",
        SIZE,
    )


@dataclass(frozen=True, kw_only=True)
class LimitSettings:
    """Limits"""

    max_content_bytes: int = setting(64 * KIB, "Largest content of one message, as UTF-8", SIZE)
    max_body_bytes: int = setting(16 * MIB, "Largest body of a request", SIZE)
    max_channels: int = setting(
        100,
        "Most channels to which one connection can listen, and one message can be pushed",
        Number(int, 1, 1000),
    )
    header_timeout: float = setting(
        15.0,
        "Longest time for the head of a request or a handshake to arrive; also how long an idle "
        "connection is kept",
        Number(float, 1, 3600, SECONDS),
    )
    request_timeout: float = setting(
        30.0,
        "Longest time for a request to arrive and be answered",
        Number(float, 1, 86_400, SECONDS),
    )
    max_connections: int = setting(
        16_000,
        "Most listeners (WebSockets and event streams) of one process. A WebSocket beyond that is "
        "answered 503",
        COUNT,
    )
    connections_per_address: int = setting(
        0,
        "Most connections from one address, for each process; 0: no limit",
        Number(int, 0, 1_000_000),
    )
    ping_interval: float = setting(
        25.0, "Time between two pings. A client that is silent for two of them is dropped", TIME
    )
    slow_client_seconds: float = setting(
        60.0,
        "A client that reads nothing for this time, while data waits for it, is dropped",
        TIME,
    )
    max_client_message_bytes: int = setting(
        64 * KIB, "Largest message accepted from a WebSocket client", SIZE
    )
    client_messages_per_second: float = setting(
        0.0, "Most messages a second from one WebSocket client; 0: no limit", RATE
    )
    token_requests_per_second: float = setting(
        0.0,
        "Most requests a second with one of `PUSH_TOKENS`, or of one of `PUSHER_APPS`, for each "
        "process; 0: no limit",
        RATE,
    )
    token_messages_per_second: float = setting(
        0.0,
        "Most messages a second with one of `PUSH_TOKENS`, or of one of `PUSHER_APPS`, for each "
        "process; 0: no limit",
        RATE,
    )
    address_requests_per_second: float = setting(
        0.0,
        "Most requests a second from one address, of those that need a token or a signature, for "
        "each process; 0: no limit",
        RATE,
    )
    address_messages_per_second: float = setting(
        0.0, "Most messages a second pushed from one address, for each process; 0: no limit", RATE
    )


@dataclass(frozen=True, kw_only=True)
class ProcessSettings:
    """Processes"""

    http_workers: int = setting(1, "Processes of the HTTP API", WORKERS)
    ws_workers: int = setting(1, "Processes of the WebSocket server, one core each", WORKERS)
    worker_class: str = setting(
        "ws_server.worker:Worker",
        "The class with the six hooks, as `module:Class`",
        checks.matching(r"\w+(\.\w+)*:\w+", "module:Class"),
    )
    stop_timeout: float = setting(
        10.0, "Longest time for a graceful stop", Number(float, 0.1, 3600, SECONDS)
    )
    drain_seconds: float = setting(
        0.0,
        "So long a stop of `ws` takes to close its clients, a few at a time, for where others take "
        "them in at once: `30` with a load balancer. `0`: within `STOP_TIMEOUT`",
        Number(float, 0.1, 3600, SECONDS, or_zero=True),
    )


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """Logs"""

    log_level: str = setting(
        "info", "What is logged: this and what is worse", OneOf("debug", "info", "warning", "error")
    )
    log_format: str = setting(
        "text",
        "A line for each event: `text` for people, or `json` for programs",
        OneOf("text", "json"),
    )
