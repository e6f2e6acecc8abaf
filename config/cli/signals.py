"""What the signals mean that `serve` gets: a stop, a reload, or nothing.

It only notes a reload: whoever runs the servers passes it on, once they can take it.
"""

import os
import signal
from collections.abc import Callable
from types import FrameType

from config.errors import MessageCenterError

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
RELOADING = signal.SIGHUP  # With a terminal it is a stop: the terminal is closed.
# One that was ignored at the start, as by nohup or for a script's `&`, stays ignored; SIGTERM is
# always meant.
IGNORED_AT_WILL = (signal.SIGINT, signal.SIGHUP)
MEANINGLESS = (signal.SIGUSR1, signal.SIGUSR2)  # They would end it without a word.


class Stopped(MessageCenterError):
    """A signal that stops has arrived."""


class Signals:
    """Those of this process, from `receive` on."""

    def __init__(self) -> None:
        self._reload_is_asked = False
        self._stopping = (*STOPPING, RELOADING) if _has_terminal() else STOPPING

    def receive(self) -> None:
        """From now on a stop raises `Stopped`, wherever this process is."""
        for number in self._stopping:
            _handle(number, _raise_stopped)
        if RELOADING not in self._stopping:
            _handle(RELOADING, self._ask_for_reload)
        for number in MEANINGLESS:
            signal.signal(number, _do_nothing)  # Not SIG_IGN, which the children would inherit.

    def take_reload(self) -> bool:
        """Whether a reload was asked for since this was asked before."""
        asked, self._reload_is_asked = self._reload_is_asked, False
        return asked

    def call_at_stop(self, stop: Callable[[], None]) -> None:
        """The stop has begun: for one more, `stop` is called; a reload is nothing any more."""
        for number in (*STOPPING, RELOADING):
            is_stop = number in self._stopping
            signal.signal(number, (lambda *_: stop()) if is_stop else _do_nothing)

    def _ask_for_reload(self, _signal: int, _frame: FrameType | None) -> None:
        self._reload_is_asked = True


def _has_terminal() -> bool:
    """Whether there is one that can be closed. Under systemd or in a container there is none."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _handle(number: signal.Signals, handler: Callable[[int, FrameType | None], None]) -> None:
    if number in IGNORED_AT_WILL and signal.getsignal(number) is signal.SIG_IGN:
        return
    signal.signal(number, handler)


def _do_nothing(_signal: int, _frame: FrameType | None) -> None:
    pass


def _raise_stopped(_signal: int, _frame: FrameType | None) -> None:
    raise Stopped
