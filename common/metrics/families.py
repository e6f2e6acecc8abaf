"""Every number that `/metrics` shows, written once: its name, its kind and its meaning.

A name that is not here cannot be counted. Nothing is counted here.
"""

from dataclasses import dataclass
from enum import Enum, Flag, auto

PREFIX = "message_center_"


class Kind(Enum):
    """As Prometheus has them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Of(Flag):
    """Which process shows it."""

    HTTP = auto()
    WS = auto()
    BOTH = HTTP | WS


@dataclass(frozen=True, slots=True)
class Family:
    """One row."""

    name: str  # Without PREFIX.
    kind: Kind
    of: Of
    meaning: str
    label: str = ""
    # Of the label; shown from the start, at 0: an increase that begins with the first sample of a
    # series is seen by nobody.
    values: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()  # Of a histogram.
    is_largest: bool = False  # Of several workers the largest counts, not the sum.


COUNTER, GAUGE, HISTOGRAM = Kind
HTTP, WS, BOTH = Of.HTTP, Of.WS, Of.BOTH

# Bounds: seconds, and messages.
SHORT = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
LONG = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
MESSAGES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
# Values of labels.
GAPS = ("too_old", "lost", "unknown")
FORMATS = ("text", "json", "text-events", "json-events")

FAMILIES = (
    Family("workers", GAUGE, BOTH, "Worker processes that say how they are"),
    # Pushes
    Family(
        "pushes_total",
        COUNTER,
        HTTP,
        "Requests to push, by their result: success, content_empty, or the error of the answer",
        "result",
        ("success", "content_empty", "unauthorized", "queue_unavailable"),
    ),
    Family(
        "push_messages_total",
        COUNTER,
        HTTP,
        "Messages that were pushed, by the name of the push token; anybody: none was needed",
        "by",
    ),
    # The queue and the log: one of both processes is enough to show them.
    Family("queue_messages", GAUGE, HTTP, "Messages that wait in the queue"),
    Family(
        "queue_oldest_seconds",
        GAUGE,
        HTTP,
        "How long the oldest of them has waited at least; absent while nobody knows",
    ),
    Family(
        "poll_interval_seconds",
        GAUGE,
        HTTP,
        "POLL_INTERVAL of those who settle; of several, the longest",
    ),
    Family("log_messages", GAUGE, HTTP, "Messages in the log"),
    Family("log_span_seconds", GAUGE, HTTP, "Time between the oldest and the newest of them"),
    Family(
        "log_trimmed_early",
        GAUGE,
        HTTP,
        "1 if the log forgets messages by HISTORY_SIZE or HISTORY_BYTES, before HISTORY_SECONDS",
    ),
    Family("settled_total", COUNTER, WS, "Messages that were moved from the queue to the log"),
    Family(
        "rejected_total",
        COUNTER,
        WS,
        "Envelopes on the queue that could not be read and were set aside; of those that were read "
        "together, by the reason of the first",
        "reason",
    ),
    # Canaries
    Family(
        "canary_seconds",
        HISTOGRAM,
        WS,
        "Time that a message of a process to itself takes through list, log and a socket",
        bounds=LONG,
    ),
    Family("canary_missed_total", COUNTER, WS, "Such messages that have not come back in time"),
    # Clients
    Family("connections", GAUGE, WS, "Clients that are connected, by format", "format"),
    Family("draining", GAUGE, WS, "Workers that are told to stop, and send their clients away"),
    Family(
        "accepts_total",
        COUNTER,
        WS,
        "Clients that came: accepted, or refused with this error",
        "result",
        ("accepted", "unauthorized", "unavailable"),
    ),
    Family(
        "closes_total",
        COUNTER,
        WS,
        "Clients that left, by the close code; stream: an event stream, which has none",
        "code",
        ("1000", "1001", "1006", "1012", "1013", "4008", "stream"),
    ),
    Family(
        "deliveries_total",
        COUNTER,
        WS,
        "Messages times the clients that they were sent to, by format",
        "format",
        FORMATS,
    ),
    Family("delivered_bytes_total", COUNTER, WS, "Bytes of messages that sockets took"),
    Family(
        "fan_out_seconds",
        HISTOGRAM,
        WS,
        "Time to encode a part of the log and to offer it to all clients",
        bounds=SHORT,
    ),
    Family(
        "chunk_messages",
        HISTOGRAM,
        WS,
        "Messages in such a part, which goes out as one",
        bounds=MESSAGES,
    ),
    Family(
        "settled_to_written_seconds",
        HISTOGRAM,
        WS,
        "Time from the log to all sockets, by the last message of each part and Redis' clock",
        bounds=LONG,
    ),
    Family(
        "written_to_confirmed_seconds",
        HISTOGRAM,
        WS,
        "Time from a chunk to the pong of the ping that rode behind it, of every eighth pong; only "
        "while clients are asked to confirm",
        bounds=LONG,
    ),
    Family(
        "push_to_written_seconds",
        HISTOGRAM,
        WS,
        "Time from a push that asks for a receipt to all sockets, if the push is the HTTP API's",
        bounds=LONG,
    ),
    Family("behind_connections", GAUGE, WS, "Clients that have not been sent everything yet"),
    Family(
        "behind_messages",
        GAUGE,
        WS,
        "Messages of the log that the client furthest behind has yet to pass; more than some 2,000 "
        "are not counted",
        is_largest=True,
    ),
    Family(
        "resumes_total",
        COUNTER,
        WS,
        "Clients that came back with the last id that they had: complete, refused for now, or why "
        "something is missing",
        "result",
        ("complete", *GAPS, "refused"),
    ),
    Family(
        "gaps_total",
        COUNTER,
        WS,
        "Clients that were told that they miss messages, or closed for it, by the reason",
        "reason",
        GAPS,
    ),
    Family(
        "presence_lag_seconds",
        GAUGE,
        WS,
        "For how long Redis may be out of date about who is connected",
        is_largest=True,
    ),
    Family(
        "webhook_events_total",
        COUNTER,
        WS,
        "Events of webhooks that backends have taken, or did not take for an hour; lost: too many "
        "waited",
        "result",
        ("sent", "set_aside", "lost"),
    ),
    # Redis
    Family(
        "redis_errors_total",
        COUNTER,
        BOTH,
        "Commands and scripts that failed or were not answered; connect: no connection",
        "command",
        ("connect",),
    ),
    Family(
        "redis_seconds",
        HISTOGRAM,
        BOTH,
        "Time until Redis answered, by the first command or script of a round trip",
        "command",
        bounds=SHORT,
    ),
)
BY_NAME = {each.name: each for each in FAMILIES}
