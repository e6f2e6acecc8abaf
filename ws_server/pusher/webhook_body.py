"""What a webhook says, as Pusher has it, and how long to wait after a failure. No I/O here."""

import json
from collections.abc import Sequence
from typing import Any

from common.pusher.apps import App
from common.pusher.names import to_theirs
from common.store.webhooks import Noted

MOST_EVENTS = 50  # In one request,
MOST_BYTES = 256 * 1024  # of about so many bytes.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # Seconds; each is twice the one before.


def fitting(notes: Sequence[Noted]) -> Sequence[Noted]:
    """As many of the first as one request tells; one at least."""
    size = 0
    for count, note in enumerate(notes[:MOST_EVENTS]):
        size += len(note.more)
        if size > MOST_BYTES and count:
            return notes[:count]
    return notes[:MOST_EVENTS]


def events_of(app: App, notes: Sequence[Noted]) -> list[dict[str, Any]]:
    """Those that are of this application; its channels are named as it names them."""
    found = []
    for note in notes:
        channel = to_theirs(app, note.channel)
        if channel is not None:
            found.append({"name": note.name, "channel": channel, **_more(note.more)})
    return found


def body_of(events: Sequence[dict[str, Any]], now: float) -> bytes:
    """The body of a request. Pusher's libraries refuse one that says it is older than 5 minutes."""
    said = {"time_ms": round(now * 1000), "events": events}
    return json.dumps(said, separators=(",", ":")).encode()


def pause_after(failures: int) -> float:
    """Seconds until it is tried again, after so many failures."""
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 10)))


def _more(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text) if text else {}
    except (ValueError, RecursionError):  # Somebody else has written it.
        return {}
    return said if isinstance(said, dict) else {}
