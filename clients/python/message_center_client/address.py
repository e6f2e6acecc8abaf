"""The address at which a listener asks for what it wants."""

import json
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from message_center_client.websocket import checked

# What the listener itself says, so that the URL must not.
OURS = {"format", "last", "last_id", "lastEventId"}
SCHEMES = {"http": "ws", "https": "wss"}


class Address:
    """A URL of a WebSocket server, and the channels; `http://` means `ws://`.

    Raises:
        ValueError: no WebSocket can be at it.
    """

    def __init__(self, url: str, channels: Iterable[str] | None = None) -> None:
        parts = urlsplit(url)
        url = parts._replace(scheme=SCHEMES.get(parts.scheme, parts.scheme)).geturl()
        self._parts = urlsplit(checked(url))
        query = parse_qsl(self._parts.query, keep_blank_values=True)
        self._query = [pair for pair in query if pair[0] not in OURS]
        if channels is not None:
            self._query.append(("channels", _as_text(channels)))

    def starting(self, last: int | None, last_id: str, form: str = "json") -> str:
        """After the message `last_id`; or with the `last` newest ones."""
        query = [*self._query, ("format", form)]
        if last_id:
            query.append(("last_id", last_id))
        elif last is not None:
            query.append(("last", str(last)))
        return urlunsplit(self._parts._replace(query=urlencode(query, safe=",:@*")))


def _as_text(channels: Iterable[str]) -> str:
    """A text is as it stands: names joined with commas. In a list, a comma is part of a name."""
    if isinstance(channels, str):
        return channels
    names = list(channels)
    if any("," in name for name in names):
        return json.dumps(names, separators=(",", ":"))
    return ",".join(names)
