"""What the tests of `ws_server/log` share: feeds that must read, and what is recent."""

from common.message import Mark
from common.page import Page
from tests.support.fake_log import FakeLog, Recipients
from ws_server.log.feed import Feed
from ws_server.log.recent import Recent
from ws_server.wire.frames import TextFrames

LARGE = 1 << 30


class Meter(FakeLog):
    """How many bytes of content were sent for clients."""

    sent = 0

    def _stretch(self, *args: object, **options: object) -> object:  # type: ignore[override]
        stretch = super()._stretch(*args, **options)  # type: ignore[arg-type]
        self.sent += sum(map(len, stretch.page.contents))
        return stretch


def behind(contents: list[bytes], names: Recipients, bytes_: int = LARGE) -> tuple[Meter, Feed]:
    """A feed at the head of a log of which nothing is in memory."""
    log = Meter()
    log.write(*contents, recipients=names)
    feed = Feed(log, TextFrames(""), bytes_)
    feed.rewind(Mark(log.epoch, log.last_id()))
    return log, feed


def add(recent: Recent, page: Page) -> None:
    """As `Hub` adds what is new."""
    recent.add(page.ids, page.recipients)


def looked_back(recent: Recent, log: FakeLog) -> None:
    """As `Beginnings` looks for what came before."""
    page, is_all = log.newest(recent.start)
    recent.add_older(recent.start, page, is_all=is_all)
