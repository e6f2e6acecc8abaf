"""The receipts of messages that waited for a user, and are sent to a client before its place.

So they are counted apart from those after its place. Its first pong confirms all of them. A stream
of events cannot confirm them. No I/O here.
"""

from collections.abc import Iterator

from common.message import parse_id
from common.page import Page
from ws_server.clients.connection import Connection
from ws_server.receipts.to_all import CONFIRMED, MISSED, TO
from ws_server.receipts.to_some import Receipt, ToSome


class Waited:
    """Of each client that has not confirmed them yet."""

    def __init__(self, receipts: ToSome) -> None:
        self._receipts = receipts
        self._of: dict[Connection, list[Receipt]] = {}

    def begin(self, connection: Connection, page: Page) -> None:
        """A client comes, and is sent this first, if anything."""
        if not page.receipts:
            return
        pairs = zip(page.ids, page.receipts, strict=True)
        ats = {parse_id(id_) for id_, receipt in pairs if receipt}
        possible = self._receipts.of(connection, min(ats, default=0) - 1, max(ats, default=0))
        found = [each for each in possible if each.at in ats]
        for receipt in found:
            receipt.add(TO, connection, 1)
        if found:
            self._of[connection] = found

    def confirmed(self, connection: Connection) -> None:
        """It has confirmed something, and so all of these."""
        for receipt in self._of.pop(connection, ()):
            receipt.add(CONFIRMED, connection, 1)

    def leaves(self, connection: Connection) -> None:
        """It gets nothing more."""
        found = self._of.pop(connection, ())
        if _is_unwritten(connection):
            for receipt in found:
                receipt.add(MISSED, connection, 1)

    def unwritten(self) -> Iterator[tuple[Connection, Receipt]]:
        """Those that are yet to be written."""
        for connection, receipts in self._of.items():
            if _is_unwritten(connection):
                yield from ((connection, receipt) for receipt in receipts)

    def forget_upto(self, at: int) -> None:
        """Messages up to an id are not counted any more."""
        for connection, receipts in list(self._of.items()):
            receipts[:] = [each for each in receipts if each.at > at]
            if not receipts:
                del self._of[connection]


def _is_unwritten(connection: Connection) -> bool:
    # It may be something else, sent since: too few may be counted, never too many.
    return connection.owed is not None and bool(connection.owed.outbox)
