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
    Family("log_messages", GAUGE, HTTP, "Messages in the log"),
    Family("log_span_seconds", GAUGE, HTTP, "Time between the oldest and the newest of them"),
    Family(
        "log_trimmed_early",
        GAUGE,
        HTTP,
        "1 if the log forgets messages by HISTORY_SIZE or HISTORY_BYTES, before HISTORY_SECONDS",
    ),
    Family("settled_total", COUNTER, WS, "Messages that were moved from the queue to the log"),
    # Clients
    Family("connections", GAUGE, WS, "Clients that are connected, by format", "format"),
    Family(
        "deliveries_total",
        COUNTER,
        WS,
        "Messages times the clients that they were sent to, by format",
        "format",
        FORMATS,
    ),
    Family("behind_connections", GAUGE, WS, "Clients that have not been sent everything yet"),
)
BY_NAME = {each.name: each for each in FAMILIES}
