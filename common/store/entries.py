"""Entries of the log, as Redis answers them: from XREAD or XRANGE to a page.

What somebody else has written there is none of our messages, and stops none: such an
entry is in the page, so that cursors move past it, and is for nobody.
"""

from collections.abc import Sequence
from string import ascii_letters, digits
from typing import Any

from common.message import KICK_MARK, NOBODY, Page

ADDRESS_BYTES = f"{ascii_letters}{digits}_.:@- {KICK_MARK}".encode()
CONTENT, ADDRESSES = b"c", b"a"  # Names of fields.


def page_of_stream(streams: Any) -> Page:
    """Of the one stream that XREAD was asked for; empty if it has nothing new."""
    return page_of(streams[0][1]) if streams else Page([], [])


def page_of(entries: Any) -> Page:
    """Each entry is [id, [b"c", content]]; two words more if it is addressed: b"a", addresses."""
    ids = [entry[0] for entry in entries]
    fields = [entry[1] for entry in entries]
    addressed = [pairs for pairs in fields if len(pairs) > 2]
    # All at once: one by one it would take longer than all the rest.
    if not _are_ours(fields, addressed):
        return _page_of_some(ids, fields)
    contents = [pairs[1] for pairs in fields]
    return Page(ids, contents, [_addresses(pairs) for pairs in fields] if addressed else None)


def _are_ours(fields: Sequence[list[bytes]], addressed: Sequence[list[bytes]]) -> bool:
    """Whether all entries are as settle.lua writes them."""
    if not {pairs[0] for pairs in fields} <= {CONTENT}:
        return False
    if not addressed:
        return True
    if {pairs[2] for pairs in addressed} != {ADDRESSES} or max(map(len, addressed)) > 4:
        return False
    names = b" ".join([b"", *[pairs[3] for pairs in addressed], b""])
    return b"  " not in names and not names.translate(None, ADDRESS_BYTES)


def _page_of_some(ids: list[bytes], fields: Sequence[list[bytes]]) -> Page:
    """Entries that are not all ours."""
    contents: list[bytes] = []
    addresses: list[tuple[str, ...]] = []
    for pairs in fields:
        is_ours = _are_ours([pairs], [pairs] if len(pairs) > 2 else [])
        contents.append(pairs[1] if is_ours else b"")
        addresses.append(_addresses(pairs) if is_ours else NOBODY)
    return Page(ids, contents, addresses)


def _addresses(pairs: list[bytes]) -> tuple[str, ...]:
    return tuple(pairs[3].decode().split(" ")) if len(pairs) > 2 else ()
