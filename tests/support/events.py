"""A client of Server-Sent Events for tests: blocking, and as bare as an EventSource."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tests.support.websocket import LIMIT


@dataclass(frozen=True)
class Event:
    """One event that a page would see (WHATWG HTML 9.2.6)."""

    name: str
    data: str
    last_id: str


class EventStream:
    """One request for `/events`; `last_id` is sent as an EventSource sends it."""

    def __init__(
        self,
        port: int,
        query: str = "",
        last_id: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.last_id = last_id
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT)
        given = {**(headers or {}), **({"Last-Event-ID": last_id} if last_id else {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        head = f"GET /events{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}\r\n"
        self.socket.sendall(head.encode())
        self._lines = self.socket.makefile("r", encoding="utf-8", newline="\n")
        self.status = int(self._lines.readline().split()[1])
        self.headers = self._read_headers()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._lines.close()
        self.socket.close()

    def event(self) -> Event:
        """The next event, comments left out; EOFError at the end of the stream."""
        name, data = "message", list[str]()
        while True:
            line = self._lines.readline()
            if not line:
                raise EOFError
            field, _, value = line.rstrip("\n").partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                self.last_id = value
            elif line == "\n" and data:
                return Event(name, "\n".join(data), self.last_id)

    def messages(self, count: int) -> list[str]:
        """The data of the next `count` messages; a gap would not be one."""
        found: list[str] = []
        while len(found) < count:
            event = self.event()
            if event.name != "welcome":
                assert event.name == "message", event
                found.append(event.data)
        return found

    def _read_headers(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        while line := self._lines.readline().strip():
            name, _, value = line.partition(":")
            found[name.lower()] = value.strip()
        return found


def fields_of_events(stream: bytes) -> list[dict[str, list[str]]]:
    """As WHATWG HTML 9.2.6 reads a stream: the fields of each event."""
    found = []
    for block in stream.decode().split("\n\n")[:-1]:
        fields: dict[str, list[str]] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        found.append(fields)
    return found
