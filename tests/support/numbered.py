"""Messages that are numbered from 1, without a content: what an index of the log reads."""

from common.message import format_id
from common.page import Page


def ids(start: int, end: int) -> list[bytes]:
    return [format_id(number << 64) for number in range(start, end)]


def page(recipients: list[tuple[str, ...]], start: int, end: int) -> Page:
    """Those after `start` up to `end`, of a log whose messages have these recipients."""
    return Page(ids(start + 1, end + 1), [], recipients[start:end])
