"""Where the lines of a process go: to standard error, all in one format.

Before the settings are known, what is to be logged is held back: their format is one of them.
"""

import logging
import sys
from logging.handlers import MemoryHandler
from types import TracebackType

from common.journal.lines import TEXT, formatter

MOST_HELD = 1000


class Held:
    """What was logged since, for `begin`."""

    def __init__(self) -> None:
        self._handler = MemoryHandler(MOST_HELD, flushLevel=logging.CRITICAL + 1)
        logging.getLogger().addHandler(self._handler)

    def release(self, handler: logging.Handler | None = None) -> None:
        """Write it, as text if nobody says how."""
        logging.getLogger().removeHandler(self._handler)
        self._handler.setTarget(handler or _handler(TEXT, ""))
        self._handler.close()


def begin(level: str, form: str, process: str, held: Held | None = None) -> None:
    """Log what is of this level or worse (LOG_LEVEL), in this form (LOG_FORMAT)."""
    root = logging.getLogger()
    for old in list(root.handlers):
        if getattr(old, "is_of_journal", False):
            root.removeHandler(old)
    handler = _handler(form, process)
    root.setLevel(level.upper())
    root.addHandler(handler)
    sys.excepthook = _log_unforeseen
    if held is not None:
        held.release(handler)


def _handler(form: str, process: str) -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(form, process))
    handler.is_of_journal = True  # type: ignore[attr-defined]
    return handler


def _log_unforeseen(
    _kind: type[BaseException], problem: BaseException, _traceback: TracebackType | None
) -> None:
    logging.getLogger(__name__).critical("The process ends", exc_info=problem)
