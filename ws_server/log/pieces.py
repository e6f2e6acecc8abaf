"""Parts of a page made into pieces of the log. No I/O here."""

from array import array
from itertools import accumulate

from common.page import Page
from ws_server.log.mixed import Mixed
from ws_server.log.window import Chunk
from ws_server.wire.formats import Format


def piece_of(form: Format, epoch: str, after: int, upto: int, page: Page) -> Chunk | Mixed:
    """A page in one format: encoded, or to be encoded when somebody wants some of it."""
    if page.recipients is not None:
        return Mixed(form, epoch, after, upto, page)
    frames = form.messages(epoch, page)
    ends = array("Q", accumulate(map(len, frames)))
    return Chunk(after, upto, b"".join(frames), page.ids, ends)
