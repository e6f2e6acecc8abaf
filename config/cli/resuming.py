"""What `message-center listen --json` does: each message as a line of JSON, and none missing.

A gap is a line, too, with a `type`: who reads the lines must know that messages are missing there.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from config.cli.listening import TOKEN
from config.printable import printable
from message_center_client import ClientError, Gap, Listener, Message


class PrintingListener(Listener):
    """Writes what arrives, and says what happens to the connection."""

    def __init__(
        self,
        url: str,
        write: Callable[[str], None],
        say: Callable[[str], None],
        token: str | None = None,
    ) -> None:
        query = dict(parse_qsl(urlsplit(url).query))
        last, last_id = query.get("last", ""), query.get("last_id", "")
        super().__init__(
            url, token=token, last=int(last) if last.isdecimal() else None, last_id=last_id
        )
        self._shown = url
        self._write = write
        self._say = say

    def run(self) -> None:
        """Until it would be no use to come back, which is said."""
        try:
            for message in self:
                self._write(_line(_fields(message)))
        except (ClientError, OSError) as problem:
            self._tell(str(problem))

    def on_connect(self) -> None:
        self._tell(f"connected to {self._shown}")

    def on_cut(self, problem: Exception, pause: float) -> None:
        self._tell(f"{str(problem) or type(problem).__name__}; trying again in {pause:.1f} s")

    def _tell(self, text: str) -> None:
        self._say(printable(TOKEN.sub("…", text)))

    def on_gap(self, gap: Gap) -> None:
        self._write(_line({"type": "gap", **asdict(gap)}))


def _fields(message: Message) -> dict[str, Any]:
    """As the server shows it: an event only where there is one."""
    fields = asdict(message)
    if message.event is None:
        del fields["event"]
    return fields


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"
