"""Server-Sent Events (WHATWG HTML 9.2), as the HTTP API writes them. No I/O here."""

import json
from typing import Any

_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def message(row: dict[str, Any]) -> bytes:
    """One that an EventSource hands to `onmessage`; its `id` is the id to come back with."""
    return f"id: {row['id']}\ndata: {_as_json(row)}\n\n".encode(errors="replace")


def notice(name: str, fields: dict[str, Any], id_: str = "") -> bytes:
    """One with a name; without an id, whoever reads comes back with the one before."""
    start = f"id: {id_}\n" if id_ else ""
    return f"{start}event: {name}\ndata: {_as_json(fields)}\n\n".encode(errors="replace")


def id_alone(id_: str) -> bytes:
    """It is kept to come back with, and nothing is dispatched."""
    return f"id: {id_}\n\n".encode()
