"""What the log has lost or forgotten; clients that miss something because of it are told.

Ids only grow. So there are two ways in which messages can go missing, and both can be seen:
- Redis comes back with older data. Ids then begin again below the head, where this process never
  reads them. The script that settles notices it, and begins a new epoch.
- The log forgets its oldest messages before this process has read them: its floor is above the
  head. (HISTORY_SIZE or HISTORY_BYTES is too small then.)

It reads no message, and knows no client.
"""

import logging
from math import inf
from time import monotonic

import gevent
from gevent.lock import BoundedSemaphore

from common.message import Mark
from common.store.log import Log
from common.store.log_state import LogState
from ws_server.clients.hub import Hub

log = logging.getLogger(__name__)

MOST_EPOCHS = 16  # Past ones that are remembered.
PAUSE = 0.5  # Seconds after a loss that follows another one soon.
SOON = 1.0


class Losses:
    """Compares the log with what this process knew of it.

    `publishing` is held while messages are sent, so that clients are told between two pages.
    """

    def __init__(self, source: Log, hub: Hub, publishing: BoundedSemaphore) -> None:
        self.floor = 0  # A client that has everything before it can be sent the rest.
        # Ids of no message that a client may have all the same: it was welcomed with them.
        self.empty_places = (0, 0)
        self._source = source
        self._hub = hub
        self._publishing = publishing
        self._epoch = ""
        self._last = 0  # The newest id when somebody looked.
        self._kept: dict[str, int] = {}  # Of past epochs: up to where the log still has them.
        self._lost = -inf  # When Redis had lost messages last.

    def find_head(self) -> None:
        """Begin where the log ends now.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        state = self._source.look()
        self._remember(state)
        self._hub.rewind(Mark(state.epoch, state.last), kept=state.last)

    def look(self) -> None:
        """Ask Redis whether something is lost, and do what follows from it.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        known = self._hub.mark
        state = self._source.look(known)
        with self._publishing:
            self.check(known, state)

    def check(self, known: Mark, state: LogState) -> bool:
        """Whether what was read after `known` can be sent; else go on elsewhere, and tell clients.

        `publishing` must be held.
        """
        self._remember(state)
        if self._hub.mark.epoch != known.epoch:
            return False  # Another greenlet has noticed it already.
        if state.epoch != known.epoch:
            log.error("Redis has lost messages that were in the log; going on with what is new")
            head = min(self._hub.mark.id, state.start)
            self._hub.rewind(Mark(state.epoch, head), kept=state.start)
            self._rest()
            return False
        if self._hub.mark.id < state.floor - 1:
            log.error(
                "The log has forgotten messages before this process read them (HISTORY_SIZE, "
                "HISTORY_BYTES)"
            )
            self._hub.rewind(Mark(state.epoch, state.floor - 1))
            return False
        return True

    def kept_of(self, epoch: str) -> int | None:
        """Up to which id the log still has what it had in an epoch; None: nobody knows."""
        return self._last if epoch == self._hub.mark.epoch else self._kept.get(epoch)

    def _remember(self, state: LogState) -> None:
        self.floor = state.floor
        self._hub.recent.forget_upto(state.floor - 1)
        self.empty_places = (state.start, max(0, state.floor - 1))
        self._last = state.last or self._last
        if is_newer(state.epoch, self._epoch):
            ended = {**self._kept, self._epoch: state.start}
            newest = list(ended.items())[-MOST_EPOCHS:]
            self._kept = {epoch: min(kept, state.start) for epoch, kept in newest}
            self._epoch = state.epoch

    def _rest(self) -> None:
        """With a Redis that keeps nothing, clients would be told of a thousand gaps a second."""
        if monotonic() - self._lost < SOON:
            gevent.sleep(PAUSE)
        self._lost = monotonic()


def is_newer(epoch: str, other: str) -> bool:
    """Epochs are named by the time at which they began, in hexadecimal digits."""
    return (len(epoch), epoch) > (len(other), other)


def is_ahead(mark: Mark, other: Mark) -> bool:
    """Whether a place is beyond another one; in a newer epoch it is."""
    if mark.epoch != other.epoch:
        return is_newer(mark.epoch, other.epoch)
    return mark.id > other.id
