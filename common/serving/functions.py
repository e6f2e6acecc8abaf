"""The functions of an application, by name: it must be imported in the worker processes only.

There gevent has patched the standard library.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from common.metrics.board import Board
from common.serving.door.answer import PlainApplication
from common.serving.siblings import Seat
from common.serving.stopping import Stop
from config.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Functions:
    """Each is named as `module:function`, and all but `load` may be missing.

    `load(settings)` makes the application; `share(app, board, seat)` lets it count together with
    the other workers, and see whether they are well; what `plain(app)` returns answers the plain
    requests. `announce(app, Stop)` is called before a stop: for as many seconds as it returns the
    worker goes on as before. `stop(app, Stop)` is called when the worker ends.
    """

    load: str
    share: str | None = None
    plain: str | None = None
    announce: str | None = None
    stop: str | None = None

    @property
    def package(self) -> str:
        """Whose functions these are."""
        return self.load.partition(".")[0]

    def make(self, settings: Settings, board: Board, seat: Seat) -> Any:
        """The application."""
        app = _named(self.load)(settings)
        if self.share is not None:
            _named(self.share)(app, board, seat)
        return app

    def plain_of(self, app: Any) -> PlainApplication | None:
        """What answers plain requests without the application."""
        if self.plain is None:
            return None
        found: PlainApplication = _named(self.plain)(app)
        return found

    def announce_to(self, app: Any, stop: Stop) -> float:
        """Tell the application that it will be stopped; after how many seconds."""
        return 0.0 if self.announce is None else float(_named(self.announce)(app, stop))

    def end(self, app: Any, stop: Stop) -> None:
        """End what `load` has made."""
        if self.stop is not None:
            _named(self.stop)(app, stop)


def _named(path: str) -> Any:
    module, _, function = path.partition(":")
    return getattr(import_module(module), function)
