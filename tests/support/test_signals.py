"""What is set within is undone."""

import signal

from tests.support.signals import handlers_kept


def test_handlers_are_as_they_were() -> None:
    before = signal.getsignal(signal.SIGUSR1)

    with handlers_kept():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)

    assert signal.getsignal(signal.SIGUSR1) == before
