"""What a client asks for when it connects: a format, and where to start.

In the query, or in a header where the protocol has one for it. Other parameters
are the page's own business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

JSON_PROTOCOL = "message-center.json"
FORMATS = ("text", "json")
MOST_LAST = 1000
ENVIRON_KEY = "message_center.listen"  # Where a checked request carries its `Listen`.


class BadListen(Exception):
    """A parameter that cannot be; `error` for machines, the text for people."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error


@dataclass(frozen=True, slots=True)
class Listen:
    """`last_id` to go on after a message, or `last` for so many of the newest ones."""

    format: str = "text"
    events: bool = False  # Server-Sent Events, not a WebSocket.
    last_id: str | None = None
    last: int = 0
    protocol: str | None = None  # The WebSocket subprotocol that is agreed on.

    @property
    def format_name(self) -> str:
        """A name of `formats.all_formats`."""
        return f"{self.format}-events" if self.events else self.format

    @classmethod
    def parse(cls, environ: Mapping[str, Any], *, events: bool = False) -> "Listen":
        """From a WSGI environment.

        Raises:
            BadListen: a parameter that cannot be.
        """
        query, header = environ["QUERY_STRING"], environ.get("HTTP_LAST_EVENT_ID", "")
        offered = "" if events else environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "")
        if not query and not offered and not events:
            return DEFAULT
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        is_json = JSON_PROTOCOL in [word.strip() for word in offered.split(",")]
        last_id = (events and header) or given.get("last_id")
        wanted = _format(given.get("format", "json" if is_json else "text"))
        return cls(
            format=wanted,
            events=events,
            last_id=last_id or None,
            last=_last(given.get("last", "0")),
            protocol=JSON_PROTOCOL if is_json and wanted == "json" else None,
        )


DEFAULT = Listen()


def _format(name: str) -> str:
    if name not in FORMATS:
        raise BadListen("bad_format", f"format must be {' or '.join(FORMATS)}")
    return name


def _last(count: str) -> int:
    if not (count.isascii() and count.isdigit() and len(count) < 6 and int(count) <= MOST_LAST):
        raise BadListen("bad_last", f"last must be a number from 0 to {MOST_LAST}")
    return int(count)
