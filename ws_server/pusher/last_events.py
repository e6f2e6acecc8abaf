"""The last event of each cache channel that somebody has asked for, by its place in the log.

An event is known for half an hour, as Pusher has it, and while it is among the newest messages of
the log. What clients send to each other is not kept. What comes while this process is here is
noted; what came before is looked for once.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from time import time

from gevent.lock import BoundedSemaphore

from common.message import parse_id
from common.page import Page
from common.store.log import Log
from ws_server.clients.hub import Hub
from ws_server.pusher.kinds import CLIENT_EVENT

KEPT = 30 * 60.0  # Seconds.
MOST_CHANNELS = 10_000
MOST_LOOKS = 25  # At some hundred messages each.
OF_CLIENT = CLIENT_EVENT.encode()


class LastEvents:
    """Told of each page that is sent."""

    def __init__(self, source: Log, hub: Hub, clock: Callable[[], float] = time) -> None:
        self._source = source
        self._hub = hub
        self._clock = clock
        self._epoch = ""
        self._last: OrderedDict[str, int] = OrderedDict()  # 0: none is known.
        self._looking = BoundedSemaphore()
        hub.on_sent.append(self.note)

    def note(self, part: Page) -> None:
        """These messages are being sent."""
        if self._last and part.addressing is not None:
            by_name = part.addressing.by_name
            for name in by_name.keys() & self._last.keys():
                self._last[name] = _last_of(part, reversed(by_name[name])) or self._last[name]

    def find(self, name: str) -> int | None:
        """The id of the last message to a channel; None if there is none that is known.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        with self._looking:  # The next one that waits here finds it in memory.
            self._forget_other_epoch()
            if name not in self._last:
                self._last[name] = 0  # What comes while it is looked for is noted.
                try:
                    found = self._look_back(name)
                except BaseException:
                    del self._last[name]
                    raise
                self._last[name] = max(self._last[name], found)
                if len(self._last) > MOST_CHANNELS:
                    self._last.popitem(last=False)
            self._last.move_to_end(name)
        last = self._last[name]
        return last if last and (last >> 64) / 1000 > self._clock() - KEPT else None

    def _forget_other_epoch(self) -> None:
        """Redis has lost messages: an id may be of another one now."""
        if self._epoch != self._hub.mark.epoch:
            self._epoch = self._hub.mark.epoch
            self._last.clear()

    def _look_back(self, name: str) -> int:
        before, oldest = self._hub.mark.id, int((self._clock() - KEPT) * 1000) << 64
        for _ in range(MOST_LOOKS):
            page, is_all = self._source.newest(before)
            to = page.recipients or ()
            if found := _last_of(page, (at for at in reversed(range(len(to))) if name in to[at])):
                return found
            if is_all or not page or (before := parse_id(page.ids[0]) - 1) < oldest:
                return 0
        return 0


def _last_of(page: Page, places: Iterable[int]) -> int:
    """The id of the first of these messages that no client has sent; 0: there is none."""
    for place in places:
        if not (page.events and page.events[place].startswith(OF_CLIENT)):
            return parse_id(page.ids[place])
    return 0
