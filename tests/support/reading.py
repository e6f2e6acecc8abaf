"""What a browser makes of the bytes of a server: frames of RFC 6455, events of WHATWG HTML."""

import re
from dataclasses import dataclass


def frames_of(data: bytes) -> list[tuple[int, bytes]]:
    """The frames of a server, none of them in part."""
    found, rest = begun_frames_of(data)
    assert rest == b""
    return found


def begun_frames_of(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The frames of a server, unmasked and in their shortest form, and what is begun of another."""
    found, at = list[tuple[int, bytes]](), 0
    while (end := _head_end(data, at)) <= len(data):
        assert data[at] & 0xF0 == 0x80
        size = int.from_bytes(data[at + 2 : end]) if end > at + 2 else data[at + 1]
        assert end == at + (2 if size < 126 else 4 if size < 65536 else 10)
        if end + size > len(data):
            break
        found.append((data[at] & 0x0F, data[end : end + size]))
        at = end + size
    return found, data[at:]


def _head_end(data: bytes, at: int) -> int:
    second = data[at + 1] if at + 1 < len(data) else 0
    return at + 2 + {126: 2, 127: 8}.get(second, 0)


@dataclass(frozen=True)
class Event:
    """What an EventSource dispatches."""

    name: str
    data: str
    last_id: str


def events_of(stream: bytes) -> list[Event]:
    """What WHATWG HTML 9.2.6 makes of a stream; what is not ended by an empty line is lost."""
    found, last_id, name, data = list[Event](), "", "", ""
    lines = re.split(r"\r\n|\r|\n", stream.decode().removeprefix("\ufeff"))
    for line in lines[:-1]:
        if not line:
            if data:
                found.append(Event(name or "message", data.removesuffix("\n"), last_id))
            name = data = ""
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_id = value
        else:
            assert field in ("", "retry"), line  # Nothing that a content has smuggled in.
    return found
