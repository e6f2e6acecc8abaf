"""gunicorn's gevent worker. It is made to be configured, not to be derived from; used of it is:

- it calls `init_process`, which loads the application, `init_signals` among others, and then `run`;
- `alive` is false when it is to stop, and the master wants a `notify` now and then;
- `sockets` are the listeners; `worker_connections`, `cfg`, `log` and `app` are what they are;
- `handle_request` has the application answer, and raises StopIteration if the connection ends;
- `handle_error` logs a failure and answers 500;
- `SERVER` is what its answers say in `Server`;
- `cfg` finds a setting by `__getattr__`, so an attribute of the same name is found before it.
"""

import signal
from typing import Any

from gunicorn import SERVER
from gunicorn.workers.ggevent import GeventWorker

from common.libraries.gevent_failures import log_failures
from common.libraries.gunicorn_http import Request

__all__ = ["SERVER", "WorkerProcess"]


class WorkerProcess(GeventWorker):  # type: ignore[misc]  # gunicorn has no types.
    """A process with its application. A subclass says in `run` how it serves."""

    left_to_master: tuple[int, ...] = ()  # Signals that mean nothing to a worker.

    @property
    def slots(self) -> int:
        """How many sockets may be accepted and not handed over."""
        return int(self.worker_connections)

    @property
    def has_siblings(self) -> bool:
        """Whether other workers accept connections at the same listeners."""
        return bool(self.cfg.workers > 1)

    def answer(self, request: Request, client: Any, peer: Any, listener: Any) -> bool:
        """Let the application answer; whether the connection goes on.

        `peer` and `listener` are the two addresses. After a GreenletExit of the application
        there is no answer.

        Raises:
            OSError: the client is gone.
        """
        try:
            super().handle_request(listener, request, client, peer)
        except StopIteration:
            return False
        return bool(client.fileno() >= 0)  # The application may have taken it away.

    def answer_failure(self, request: Any, client: Any, peer: Any, problem: BaseException) -> None:
        """Log that the application broke, but no address: it may hold a token; answer 500."""
        if hasattr(request, "uri"):
            request.uri = "…"
        super().handle_error(request, client, peer, problem)

    def init_process(self) -> None:
        # It looks up some 26 settings a request, each through `Config.__getattr__`.
        self.cfg.__dict__.update({name: entry.get() for name, entry in self.cfg.settings.items()})
        log_failures()
        super().init_process()

    def init_signals(self) -> None:
        super().init_signals()
        for number in self.left_to_master:
            # Not SIG_IGN: programs that the application starts would ignore them, too.
            signal.signal(number, lambda _number, _frame: None)
