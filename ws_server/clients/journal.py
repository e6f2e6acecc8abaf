"""What a process tells in its log of its clients: how many got a page, who comes, goes, is closed.

Never what they were sent, nor a word of theirs: the reason of a close may be a client's own.
"""

import logging
from time import perf_counter

from common.journal.kind import Kind
from common.message import Mark
from common.page import Page
from ws_server.clients.connection import Connection
from ws_server.wire import close_codes
from ws_server.wire.close_codes import CloseCode

log = logging.getLogger(__name__)

REASONS = {each.code: each.reason for each in close_codes.ALL}


class Journal:
    """One of each kind of line; on a short way its `is_open` is asked before."""

    def __init__(self) -> None:
        self.sent = Kind(log, "sent")
        self.closing = Kind(log, "closing")
        self.came = Kind(log, "came")
        self.went = Kind(log, "went")

    def be_quiet(self) -> None:
        """Tell nothing: the clients are none of other people."""
        for kind in (self.sent, self.closing, self.came, self.went):
            kind.is_open = False

    def tell_sent(self, page: Page, deliveries: int, began: float, mark: Mark) -> None:
        """A page of the log has reached the clients; `mark` is that of its last message."""
        if not self.sent.is_open:
            self.sent.missed += 1
            return
        kicks = len(page.addressing.kicked) if page.addressing else 0
        messages, took = len(page.ids) - kicks, 1000 * (perf_counter() - began)
        if messages == 1:
            self.sent.tell("sent to %d clients in %.1f ms", deliveries, took, id=mark)
        elif messages:
            told = "sent %d messages in %.1f ms, %d deliveries"
            self.sent.tell(told, messages, took, deliveries, id=mark)

    def tell_closing(self, connection: Connection, close: CloseCode) -> None:
        """It is sent a close."""
        if not self.closing.is_open:
            self.closing.missed += 1
            return
        why = f": {REASONS[close.code]}" if REASONS.get(close.code) else ""
        self.closing.tell(f"closing a client{why}", code=close.code, user=connection.grant.user)

    def tell_came(self, connection: Connection, form: str, here: int) -> None:
        """It is a client; so many are here now."""
        if not self.came.is_open:
            self.came.missed += 1
            return
        address, user = connection.address or None, connection.grant.user
        self.came.tell("a client came", format=form, user=user, address=address, here=here)

    def tell_went(self, connection: Connection, here: int) -> None:
        """It is gone."""
        if not self.went.is_open:
            self.went.missed += 1
            return
        self.went.tell("a client went", user=connection.grant.user, here=here)
