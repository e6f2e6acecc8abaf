"""Pages of the log cut into pieces that are sent at once. No I/O here."""

from array import array
from collections.abc import Iterable, Iterator
from itertools import accumulate

from common.message import KICK_MARK, Page
from ws_server.log.addressing import Addressing
from ws_server.log.mixed import Mixed
from ws_server.log.window import Chunk
from ws_server.wire.formats import Format

CHUNK_MESSAGES = 500
CHUNK_BYTES = 256 * 1024
NAME_BYTES = 100  # What a name counts: 1000 are much, however short the content is.


def piece_of(
    form: Format, epoch: str, after: int, upto: int, page: Page, addressing: Addressing | None
) -> Chunk | Mixed:
    """A page in one format: encoded, or to be encoded when somebody wants some of it."""
    if addressing is not None:
        return Mixed(form, epoch, after, upto, page, addressing)
    frames = form.messages(epoch, page)
    ends = array("Q", accumulate(map(len, frames)))
    return Chunk(after, upto, b"".join(frames), page.ids, ends)


def cut(page: Page, *, at_kicks: bool = True) -> Iterator[Page]:
    """Parts of `page` of about CHUNK_BYTES at most; one message at least in each.

    A kick is the last of its part, so that what was pushed after it is sent after it.
    """
    kicked = _places_after_kicks(page) if at_kicks else ()
    start = size = 0
    for at, more in enumerate(_sizes(page)):
        is_full = size + more > CHUNK_BYTES or at - start == CHUNK_MESSAGES
        if at > start and (is_full or at in kicked):
            yield _part(page, start, at)
            start, size = at, 0
        size += more
    if start < len(page.ids):
        yield _part(page, start, len(page.ids)) if start else page


def _sizes(page: Page) -> Iterable[int]:
    sizes = map(len, page.contents)
    if page.addresses is None:
        return sizes
    names = map(len, page.addresses)
    return (size + NAME_BYTES * count for size, count in zip(sizes, names, strict=True))


def _places_after_kicks(page: Page) -> set[int]:
    addresses = page.addresses or ()
    return {
        at + 1 for at, names in enumerate(addresses) if names and names[0].startswith(KICK_MARK)
    }


def _part(page: Page, start: int, end: int) -> Page:
    addresses = page.addresses[start:end] if page.addresses else None
    if addresses and not any(addresses):
        addresses = None  # All of this part is for everybody.
    return Page(page.ids[start:end], page.contents[start:end], addresses)
