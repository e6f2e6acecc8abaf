"""gunicorn's master process, with signals as people send them.

SIGINT is a graceful stop like SIGTERM, or nothing, if whoever started us ignores it. Many
SIGHUPs are one reload, and a stop does not wait for a reload.
"""

import signal
from time import monotonic
from types import FrameType

from gunicorn.arbiter import Arbiter

STOPS = (signal.SIGTERM, signal.SIGQUIT)
QUIET = 0.3  # Seconds without another SIGHUP, after which a reload begins.
LONGEST_WAIT = 5.0  # Seconds until it begins in any case.


class Master(Arbiter):  # type: ignore[misc]  # gunicorn has no types.
    """Starts, reloads and stops the workers."""

    _is_reloading = False
    _is_stopped = False  # Told to stop, at least.

    def init_signals(self) -> None:
        """Called once, before any worker is started."""
        # A script's `&` ignores SIGINT for what it starts, so that Ctrl-C ends the script alone.
        is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        super().init_signals()
        if is_ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def signal(self, sig: int, frame: FrameType | None) -> None:
        """Note it for the main loop."""
        # Ctrl-C is a stop like any other: clients are told, nothing is cut.
        number = signal.SIGTERM if sig == signal.SIGINT else sig
        self._is_stopped = self._is_stopped or number in STOPS
        super().signal(number, frame)

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """What has come; of several SIGHUPs one, and none before a stop."""
        found: list[int] = super().wait_for_signals(timeout)
        end = monotonic() + LONGEST_WAIT
        while signal.SIGHUP in found and not self._is_stopped and monotonic() < end:
            more: list[int] = super().wait_for_signals(QUIET)
            found += more
            if signal.SIGHUP not in more:
                break
        found = list(dict.fromkeys(found))
        return [sig for sig in found if sig != signal.SIGHUP or not self._is_stopped]

    def reload(self) -> None:
        """Start new workers and wait until the old ones are gone."""
        self._is_reloading = True
        try:
            super().reload()
        finally:
            self._is_reloading = False

    def reap_workers(self) -> None:
        """Called again and again while workers are waited for."""
        super().reap_workers()
        if self._is_reloading and self._is_stopped:
            raise StopIteration  # As gunicorn ends its main loop.
