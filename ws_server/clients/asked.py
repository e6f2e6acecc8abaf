"""Which messages ask for a receipt, and who has clients asked to confirm. No I/O here."""

from collections.abc import Callable, Sequence
from typing import Protocol

from common.message import parse_id
from common.page import NOBODY, Page
from ws_server.clients.connection import Connection

# The id of a receipt, the message's id in the log, its recipients, and when it was pushed.
Asked = tuple[str, int, Sequence[str], int]


LONGEST_TIME = 16  # Digits: somebody else may have written there what he likes.


class Asking(Protocol):
    """Who has clients asked to confirm, and tells who has."""

    on_confirmed: list[Callable[[Connection, int, int], None]]

    def want_until(self, moment: float) -> None:
        """All of them, up to a moment of `time.monotonic()`."""


def asked_of(page: Page) -> list[Asked]:
    """The messages of a page whose receipts are asked for."""
    found: list[Asked] = []
    names: tuple[str, ...] = ()
    for place, receipt in enumerate(page.receipts or ()):
        time, _, id_ = receipt.partition(b" ")
        if page.recipients is not None:
            names = page.recipients[place]
        if id_ and time.isdigit() and len(time) <= LONGEST_TIME and names != NOBODY:
            found.append((id_.decode("latin-1"), parse_id(page.ids[place]), names, int(time)))
    return found
