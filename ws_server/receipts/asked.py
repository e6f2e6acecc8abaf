"""Which messages ask for a receipt, and who has clients asked to confirm. No I/O here."""

from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from typing import NamedTuple, Protocol

from common.message import parse_id
from common.metrics.numbers import Buckets
from common.page import NOBODY, Page
from ws_server.clients.connection import Connection

LONGEST_TIME = 16  # Digits of when a message was pushed.


class Asked(NamedTuple):
    """The messages of a page whose receipts are asked for.

    The ids of those for everybody; the id and the recipients of each other one; and when they were
    pushed, in milliseconds, with how many of them.
    """

    for_all: Sequence[bytes]
    for_some: Sequence[tuple[int, Sequence[str]]]
    pushed: Mapping[bytes, int]


class Asking(Protocol):
    """Who has clients asked to confirm, and tells who has."""

    on_confirmed: list[Callable[[Connection, int, int], None]]

    def want_until(self, moment: float) -> None:
        """All of them, up to a moment of `time.monotonic()`."""


def asked_of(page: Page) -> Asked:
    """Of all messages of a page."""
    receipts = page.receipts or ()
    times: dict[bytes, int] = {}  # To make a `Counter` takes as long as all the rest.
    for each in receipts:
        times[each] = times.get(each, 0) + 1
    times.pop(b"", None)
    if page.recipients is None:
        is_each = len(receipts) == len(page.ids) and b"" not in receipts
        return Asked(page.ids if is_each else list(compress(page.ids, receipts)), (), times)
    for_all: list[bytes] = []
    for_some: list[tuple[int, Sequence[str]]] = []
    for id_, names in compress(zip(page.ids, page.recipients, strict=True), receipts):
        if not names:
            for_all.append(id_)
        elif names != NOBODY:
            for_some.append((parse_id(id_), names))
    return Asked(for_all, for_some, times)


def note_times(buckets: Buckets, pushed: Mapping[bytes, int], now: float) -> None:
    """Note how many seconds ago messages were pushed; a clock that is behind counts as now."""
    for each, times in pushed.items():
        # Somebody else may have written there what he likes.
        if each.isdigit() and len(each) <= LONGEST_TIME:
            buckets.note_many(max(0.0, now - int(each) / 1000), times)
