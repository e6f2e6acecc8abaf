"""Entries of the log, as Redis answers them: from XREAD or XRANGE to a page."""

from typing import Any

from common.message import Page


def page_of_stream(streams: Any) -> Page:
    """Of the one stream that XREAD was asked for; empty if it has nothing new."""
    return page_of(streams[0][1]) if streams else Page([], [])


def page_of(entries: Any) -> Page:
    """Each entry is [id, [b"c", content]]; two words more if it is addressed: b"a", addresses."""
    fields = [entry[1] for entry in entries]
    # Most pages have no address: to see that must cost next to nothing.
    is_addressed = sum(map(len, fields)) > 2 * len(fields)
    return Page(
        [entry[0] for entry in entries],
        [pairs[1] for pairs in fields],
        [_addresses(pairs) for pairs in fields] if is_addressed else None,
    )


def _addresses(pairs: list[bytes]) -> tuple[str, ...]:
    return tuple(pairs[3].decode().split(" ")) if len(pairs) > 2 else ()
