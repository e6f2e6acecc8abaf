"""How a process serves: gunicorn with one gevent worker class, set up in code.

There is no configuration file and no command line of gunicorn's: what may be
chosen is a setting of ours. The application is named, not imported: it must be
imported in the worker processes, after gevent has patched the standard library.
"""

import gc
import logging
import math
import mmap
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

try:
    from gunicorn.app.base import BaseApplication

    from common.libraries.gunicorn_master import AppImportError
except FileNotFoundError:  # It asks for the folder as it is imported.
    sys.exit("Error: the folder of the start is gone; start in another one")

from common.journal.setup import Held, begin
from common.metrics.board import Board
from common.serving.door.answer import PlainApplication
from common.serving.functions import Functions
from common.serving.master import Master
from common.serving.open_files import affordable_slots
from common.serving.siblings import Seat, Siblings
from common.serving.stopping import Stop
from common.serving.temporary_files import need_temporary_files
from config.addresses import refuse_taken_address
from config.anonymous import refuse_anonymous_push
from config.errors import SettingsError
from config.load import load
from config.settings import Settings
from config.slips import warn_of_slips

log = logging.getLogger(__name__)

# No more than `net.core.somaxconn` wait at one listener, mostly 4096; whoever finds no room tries
# again after 1, 3 and 7 seconds. So there are several at one address, and Linux divides those who
# come among them.
LISTENERS = 3 if sys.platform == "linux" else 1
BACKLOG = 4096
HEARTBEAT_TIMEOUT = 30  # Seconds; a worker that is stuck for so long is replaced.
# By these gunicorn takes over sockets of systemd, whatever addresses were asked for and checked.
INHERITED = ("LISTEN_PID", "LISTEN_FDS")
LONGEST_REQUEST_LINE = 8190  # gunicorn's own most; larger content belongs in the body.


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types.
    """A gunicorn master that serves, in each worker, what `functions` make."""

    def __init__(
        self, options: Mapping[str, Any], functions: Functions, settings: Settings
    ) -> None:
        self._options = options
        self._functions = functions
        self._written = settings
        # For `common.serving.gunicorn_worker`, too.
        self.settings = self.settings_at_start(settings)
        # Shared by the master and its workers: what they count, whether they are well, how often
        # the master has reloaded, and whether it was told to stop once more.
        self.board = Board(options["workers"])
        self._siblings = Siblings()
        self.seat = Seat.alone()  # In a worker: its place among all workers.
        self._reloads, self._hurried = mmap.mmap(-1, 1), mmap.mmap(-1, 1)
        self._reloads_at_start = 0
        self._is_ended = False
        self._listening = os.pipe()  # A byte for each worker that listens.
        os.set_blocking(self._listening[0], False)
        self._listen_now = 0  # Workers that have said so since the last reload began.
        super().__init__()

    def load_config(self) -> None:
        hooks = {
            "when_ready": self._when_ready,
            "on_reload": self._begin_reload,
            "on_exit": self._when_ended,
            "pre_fork": self._begin_worker,
            "post_fork": self._say_listening,
            "worker_exit": self._stop_worker,
            "pre_request": _log_no_address,
            "child_exit": self._end_worker,
        }
        for name, value in {**self._options, **hooks}.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Called by gunicorn in the worker; a bad setting ends the master too, with its message."""
        self._reloads_at_start = self._reloads[0]
        gc.disable()  # Nothing is garbage while modules are loaded.
        try:
            return self._functions.make(self.settings, self.board, self.seat)
        except SettingsError as problem:
            raise AppImportError(f"Error: {problem}") from problem
        finally:
            gc.enable()
            gc.freeze()  # It lives as long as the process: nobody need look through it again.

    def plain_application(self) -> PlainApplication | None:
        """What answers plain requests without the application; asked in the worker."""
        return self._functions.plain_of(self.callable)

    def run(self) -> None:
        """Serve until stopped."""
        Master(self).run()

    def settings_at_start(self, written: Settings) -> Settings:
        """The settings of the first workers; exits if something that they name cannot be used."""
        return written

    def settings_at_reload(self, written: Settings, now: Settings) -> Settings:  # noqa: ARG002
        """The settings of the next workers: called in the master at SIGHUP, before it starts any.

        Those that are wrong must not take the place of those that hold now.
        """
        return now

    def _when_ready(self, _master: Any) -> None:
        log.info("%s listens at %s", self._functions.package, self._options["bind"][0])

    def _when_ended(self, _master: Any) -> None:
        log.info("%s has ended", self._functions.package)

    def _begin_reload(self, _master: Any) -> None:
        log.info("%s reloads: new workers take the place of the old", self._functions.package)
        self._reloads[0] = (self._reloads[0] + 1) % 256
        with suppress(BlockingIOError):
            while os.read(self._listening[0], 4096):  # Those of before.
                pass
        self._listen_now = 0
        self.settings = self.settings_at_reload(self._written, self.settings)

    def _begin_worker(self, _master: Any, worker: Any) -> None:
        self.board.begin(worker.age)
        worker.seat = self._siblings.reserve()

    def _end_worker(self, _master: Any, worker: Any) -> None:
        self.board.end(worker.age)
        worker.seat.free()

    def _say_listening(self, _master: Any, worker: Any) -> None:
        self.seat = worker.seat
        self.seat.sit_down(os.getpid())
        os.write(self._listening[1], b".")

    def all_listen(self, workers: int) -> bool:
        """Whether so many have begun to listen since the last reload; asked in the master."""
        with suppress(BlockingIOError):
            self._listen_now += len(os.read(self._listening[0], workers))
        return self._listen_now >= workers

    def _stop_worker(self, _master: Any, _worker: Any) -> None:
        """Also called in the master, for a worker that it reaps; there is no application there."""
        self.stop_application()

    def hurry(self) -> None:
        """Told to stop once more: called in the master, in the handler of a signal."""
        self._hurried[0] = 1

    def is_hurried(self) -> bool:
        """Whether the stop is to take no time; asked in the worker."""
        return bool(self._hurried[0])

    def announce_stop(self) -> float:
        """Tell the application that it will be stopped; after how many seconds."""
        if self.callable is None:
            return 0.0
        return self._functions.announce_to(self.callable, self._how())

    def stop_application(self) -> None:
        """End what `load` has made, once; harmless if there is nothing to end."""
        if self.callable is not None and not self._is_ended:
            self._is_ended = True
            self._functions.end(self.callable, self._how())

    def _how(self) -> Stop:
        return Stop(self._reloads[0] != self._reloads_at_start, self.is_hurried)


def _log_no_address(_worker: Any, _request: Any) -> None:
    """gunicorn's own hook logs it at `debug`, and it may hold a content or a token."""


def load_settings(process: str) -> Settings:
    """The settings from the environment and `.env`, checked for `process` (HTTP, WS).

    Exits with a message that names the variable when one is wrong.
    """
    for each in INHERITED:
        os.environ.pop(each, None)
    held, name = Held(), process.lower()
    try:
        need_temporary_files()
        settings = load(os.environ, Path(".env"))
        begin(settings.log_level, settings.log_format, name, held)
        warn_of_slips(os.environ)
        if process == "HTTP":
            refuse_anonymous_push(settings)
        host, port = (getattr(settings, f"{name}_{part}") for part in ("host", "port"))
        refuse_taken_address(process, host, port)
    except SettingsError as problem:
        held.release()
        sys.exit(f"Error: {problem}")
    return settings


def options(settings: Settings, host: str, port: int, workers: int) -> dict[str, Any]:
    """gunicorn's settings for either process."""
    return {
        "bind": LISTENERS * [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"],
        "reuse_port": LISTENERS > 1,  # That nobody else has the port was found out before.
        "workers": workers,
        "worker_class": "common.serving.gunicorn_worker.GunicornWorker",
        "http_parser": "python",  # `http_requests` is made from it, whatever is installed.
        # A bound on requests under way; established WebSockets no longer count here.
        "worker_connections": affordable_slots(),
        "backlog": BACKLOG,
        "keepalive": math.ceil(settings.header_timeout),  # Whole seconds: the worker is exact.
        "timeout": HEARTBEAT_TIMEOUT + round(settings.stop_timeout),
        "graceful_timeout": longest_stop(settings),
        "limit_request_line": LONGEST_REQUEST_LINE,
        # No header of a proxy means anything to gunicorn; so it need not ask who sent it.
        "secure_scheme_headers": {},
        "forwarder_headers": "",
        "forwarded_allow_ips": "*",
        # Its own comings and goings are of interest when something is wrong.
        "logger_class": "common.libraries.gunicorn_logger.PlainLogger",
        "loglevel": "debug" if settings.log_level == "debug" else "warning",
        "control_socket_disable": True,
        # Never recycle a worker: it holds connections.
        "max_requests": 0,
    }


def longest_stop(settings: Settings) -> int:
    """Seconds for a process to stop: the last requests may take STOP_TIMEOUT, then the clients."""
    return math.ceil(settings.drain_seconds) + 2 * round(settings.stop_timeout) + 5
