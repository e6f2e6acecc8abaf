"""gunicorn's logger. It has handlers and a format of its own; used of it, and not promised, is:

- its `setup(cfg)`, called at the start and at each reload, says where `error_log` writes to;
- it logs requests only if an `accesslog` is set: it is not, as they would have queries.
"""

import logging
from typing import Any

from gunicorn.glogging import Logger


class PlainLogger(Logger):  # type: ignore[misc]  # gunicorn has no types.
    """Its lines are lines of the process like all others."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.loglevel = getattr(logging, cfg.loglevel.upper())
        self._access_log_enabled = False
        self.error_log.setLevel(self.loglevel)
        self.error_log.propagate = True
