"""Clients that have not confirmed a message in time: who they are. No I/O here."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from common.message import format_id
from ws_server.clients.connection import Connection, State
from ws_server.clients.written import written_upto
from ws_server.receipts.receipts import Receipts

MOST_NAMED = 100  # Clients.
MOST_IDS = 100  # Of messages that are for some, for each of them.
MOST_IDS_OF_ALL = 1000  # For all of them together: some 20 kB.


def rows_of(
    receipts: Receipts,
    connections: Iterable[Connection],
    upto: int,
    on_late: Callable[[Connection], None],
) -> list[dict[str, Any]]:
    """Those of them that have not confirmed something up to an id, as a reader is told.

    A stream of events cannot confirm while it is there: it is late if it is behind.
    """
    found = []
    for connection in connections:
        if connection.confirmed >= upto or not connection.is_open:
            continue
        is_behind = connection.state is State.BEHIND
        if not (is_behind or connection.feed.format.is_websocket):
            continue
        since, ids = receipts.unconfirmed(connection, upto)
        if since is not None:
            on_late(connection)
            found.append(_row(connection, since, ids[:MOST_IDS]))
            if len(found) == MOST_NAMED:
                break
    return found


def bounded(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first of some rows, with not too many ids in all of them."""
    found, room = [], MOST_IDS_OF_ALL
    for row in rows[:MOST_NAMED]:
        found.append({**row, "ids": row["ids"][:room]})
        room -= len(found[-1]["ids"])
    return found


def _row(connection: Connection, since: int, ids: list[str]) -> dict[str, Any]:
    """`after`: it has confirmed up to here; `upto`: so much is written to it.

    `ids`: messages for some, among them it, that it has not confirmed.
    """
    return {
        "user": connection.grant.user,
        "address": connection.address or connection.peer(),
        "since": since >> 64,
        "after": format_id(connection.confirmed).decode(),
        "upto": format_id(written_upto(connection)).decode(),
        "ids": ids,
    }
