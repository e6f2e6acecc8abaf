"""Handlers of signals that are as they were after a test."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

LEFT_ALONE = (signal.SIGKILL, signal.SIGSTOP)


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Whatever is set within is undone at the end."""
    numbers = [number for number in signal.valid_signals() if number not in LEFT_ALONE]
    handlers = {number: signal.getsignal(number) for number in numbers}
    wakeup = signal.set_wakeup_fd(-1)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in handlers.items():
            if handler is not None:  # It was not set by Python.
                signal.signal(number, handler)
