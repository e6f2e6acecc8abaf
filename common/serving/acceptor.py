"""Accepts the connections of one listener, as long as there are slots and descriptors."""

import errno
import logging
from time import monotonic

import gevent

from common.libraries.gevent_server import Accepted, Server

log = logging.getLogger(__name__)

LAST_REQUESTS = 0.1  # Seconds for the requests of connections that were accepted last.
OUT_OF_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ACCEPT_PAUSE = 0.1  # Seconds until a descriptor may be free.


class Acceptor(Server):
    """Hands each client's socket to `serve`, in the callback of the event loop."""

    _is_out_of_files = False

    def accept(self) -> Accepted | None:
        """The next client, if one waits and there is a descriptor for it."""
        try:
            accepted = super().accept()
        except OSError as problem:
            if problem.errno not in OUT_OF_FILES:
                raise
            self._pause(problem)
            return None
        self._is_out_of_files = False
        return accepted

    def _pause(self, problem: OSError) -> None:
        if not self._is_out_of_files:
            log.error("Accepting nobody for now: %s (ulimit -n)", problem.strerror)
        self._is_out_of_files = True
        self.stop_accepting()
        gevent.spawn_later(ACCEPT_PAUSE, self.accept_again)

    def accept_the_rest(self, most: int) -> None:
        """Whoever the kernel has let in already would be cut off without an answer.

        No slot is waited for: at the stop, those who hold them may do so for long.
        """
        self.stop_accepting()
        end = monotonic() + LAST_REQUESTS  # At a reload there is no end of them: others listen.
        for _ in range(most):
            accepted = self.accept() if monotonic() < end else None
            if accepted is None:
                return
            self.do_handle(*accepted)
