"""Calls of what users write: an error in it is reported, and ends nothing of ours."""

import logging
from collections.abc import Callable

import gevent

log = logging.getLogger(__name__)


def call_hook(hook: Callable[[], object], on_error: Callable[[Exception], None]) -> None:
    """Call `hook`; hand what it raises to `on_error`, a `gevent.Timeout` as TimeoutError."""
    try:
        hook()
    except gevent.Timeout as expired:  # It is no Exception, and gevent programs use it a lot.
        _report(on_error, TimeoutError(f"the hook ran out of time: {expired}"))
    except Exception as problem:
        _report(on_error, problem)


def _report(on_error: Callable[[Exception], None], problem: Exception) -> None:
    try:
        on_error(problem)
    except (Exception, gevent.Timeout):
        log.exception("on_error failed in its turn")
