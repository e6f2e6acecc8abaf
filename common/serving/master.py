"""gunicorn's master process, with signals as people send them.

SIGINT is a graceful stop like SIGTERM, or nothing, if whoever started us ignores it. Many
SIGHUPs are one reload, and a stop does not wait for a reload. Who stops us twice is in a hurry.
"""

import signal
from collections.abc import Sequence
from time import monotonic, sleep

from common.libraries.gunicorn_master import MasterProcess

STOPS = (signal.SIGTERM, signal.SIGQUIT)
QUIET = 0.3  # Seconds without another SIGHUP, after which a reload begins.
LONGEST_WAIT = 5.0  # Seconds until it begins in any case.
LONGEST_START = 10.0  # Seconds for new workers to listen, before the old ones stop in any case.
LOOK = 0.02
# Seconds after which a second stop is meant: a signal to a group of processes can come twice.
TWICE = 0.5


class Master(MasterProcess):
    """Starts, reloads and stops the workers."""

    _is_stopped = False  # Told to stop, at least.
    _stopped_at = 0.0

    def note(self, number: int) -> int:
        """What a signal is taken for."""
        # Ctrl-C is a stop like any other: clients are told, nothing is cut.
        taken = signal.SIGTERM if number == signal.SIGINT else number
        if taken in STOPS:
            self._note_stop(monotonic())
        return taken

    def _note_stop(self, now: float) -> None:
        if not self._is_stopped:
            self._is_stopped, self._stopped_at = True, now
        elif now - self._stopped_at > TWICE:
            self.app.hurry()

    def choose(self, found: Sequence[int]) -> list[int]:
        """Each signal that came once; a SIGHUP when no other follows it, and none before a stop."""
        chosen, end = list(found), monotonic() + LONGEST_WAIT
        while signal.SIGHUP in chosen and not self._is_stopped and monotonic() < end:
            more = self.wait(QUIET)
            chosen += more
            if signal.SIGHUP not in more:
                break
        chosen = list(dict.fromkeys(chosen))
        return [number for number in chosen if number != signal.SIGHUP or not self._is_stopped]

    def await_new_workers(self) -> None:
        """Each worker has listeners of its own: without one of the new, a connection is refused."""
        end = monotonic() + LONGEST_START
        while not (self.app.all_listen(self.cfg.workers) or self._is_stopped):
            if monotonic() > end:
                return
            sleep(LOOK)

    def gives_up_reload(self) -> bool:
        """A stop does not wait until old workers are gone."""
        return self._is_stopped
