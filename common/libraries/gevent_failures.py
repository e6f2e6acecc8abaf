"""What gevent does with an exception that nobody has caught. This is used of it:

- the hub calls its `print_exception(context, type, value, traceback)`, which may be replaced.
"""

import logging
from typing import Any

import gevent

log = logging.getLogger(__name__)


def log_failures() -> None:
    """Have failures of greenlets and callbacks of this thread logged like all others."""

    def tell(_context: Any, kind: Any, problem: Any, _traceback: Any) -> None:
        found = problem if isinstance(problem, BaseException) else kind()
        log.error("A greenlet failed", exc_info=found)

    hub: Any = gevent.get_hub()
    hub.print_exception = tell
