"""What a client says in Socket.IO, from text to packets, and our own packets. No I/O here.

A packet of Engine.IO begins with a digit. Those with a 4 carry one of Socket.IO: another digit,
a namespace if it is not `/`, the number of an answer that is wanted, and JSON.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from ws_server.wire.bodies import as_json
from ws_server.wire.frames import TEXT, frame

ROOT = "/"
PACKET = re.compile(r"(?:(/[^,]*),?)?([0-9]{0,9})(.*)", re.DOTALL | re.ASCII)
PASSED_OVER = ("3", "5", "6")  # A pong, the end of an upgrade, and nothing.


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there? `more` comes back with the answer."""

    more: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing is to be done, as with all that is said to a namespace that is not there."""


@dataclass(frozen=True, slots=True)
class Bye:
    """It leaves."""


@dataclass(frozen=True, slots=True)
class Enter:
    """It wants to be connected to a namespace; `said` is the object that it shows for that."""

    namespace: str
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """`answer_to` is the number of the answer that is wanted; None: none is."""

    name: str
    arguments: tuple[Any, ...]
    answer_to: str | None


@dataclass(frozen=True, slots=True)
class Broken:
    """It is no packet."""

    reason: str


Packet = Ping | Nothing | Bye | Enter | Event | Broken


def parse_packet(data: str | bytes) -> Packet:
    """What a frame says."""
    if not isinstance(data, str):
        return Broken("binary packets are not taken")
    kind = data[:1]
    if kind == "2":
        return Ping(data[1:])
    if kind == "1":
        return Bye()
    if kind in PASSED_OVER:
        return Nothing()
    found = PACKET.fullmatch(data, 2)
    if kind != "4" or found is None:
        return Broken("it is no packet of Engine.IO")
    namespace, number, text = found[1] or ROOT, found[2], found[3]
    return _socket_packet(data[1:2], namespace.partition("?")[0], number, text)


def _socket_packet(kind: str, namespace: str, number: str, text: str) -> Packet:
    said = _json(text)
    if kind == "0" and (not text or isinstance(said, dict)):
        return Enter(namespace, said or {})
    if kind == "1" and not text:
        return Bye() if namespace == ROOT else Nothing()
    if kind == "2" and isinstance(said, list) and said and isinstance(said[0], str):
        if namespace != ROOT:
            return Nothing()
        return Event(said[0], tuple(said[1:]), number or None)
    if kind == "3":
        return Nothing()  # No answer was asked for.
    return Broken("it is no packet of Socket.IO that is taken here")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def packet(kind: str, told: object = None) -> bytes:
    """A packet as a frame."""
    return frame(TEXT, kind.encode() + (b"" if told is None else as_json(told)))


def event(name: str, told: object, offset: str | None = None) -> bytes:
    """An event of ours.

    A client takes the last argument of an event for its place, if it is text; nothing else is one.
    """
    return packet("42", [name, told, offset])


def refusal(message: str, error: str) -> bytes:
    """A client is not let in: its `connect_error`."""
    return packet("44", {"message": message, "data": {"error": error}})


def no_namespace(name: str) -> bytes:
    """As Socket.IO says it: there is one only."""
    return packet(f"44{name},", {"message": "Invalid namespace"})
