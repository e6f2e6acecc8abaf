"""Workers for a soak: one that says what memory and how many objects it has, and one that leaks."""

import gc
import os
from collections import Counter
from pathlib import Path

import greenlet

from bench.soak.allocated import allocated
from ws_server.connection import Connection
from ws_server.worker import Worker

MOST_TYPES = 30  # The most frequent ones are told.
LEAK = 512 * 1024  # Bytes a connection.


class Counting(Worker):
    """Writes into the folder `OBJECTS` what its process has, and of which types objects are."""

    def on_worker_start(self) -> None:
        super().on_worker_start()
        self._path = Path(os.environ["OBJECTS"]) / str(os.getpid())
        self.every(float(os.environ["OBJECTS_EACH"]), self._count)

    def _count(self) -> None:
        figures = allocated()  # Before the list of all objects is made.
        found = gc.get_objects()
        types = Counter(type(each).__name__ for each in found)
        figures["objects"] = len(found)
        figures["greenlets"] = sum(isinstance(each, greenlet.greenlet) for each in found)
        lines = [f"{value} {name}" for name, value in figures.items()]
        lines += ["", *(f"{count} {name}" for name, count in types.most_common(MOST_TYPES))]
        new = self._path.with_suffix(".new")
        new.write_text("\n".join(lines))
        new.replace(self._path)


class Leaky(Counting):
    """Keeps something for each connection that ever was: what a soak must find."""

    def on_worker_start(self) -> None:
        super().on_worker_start()
        self._kept: list[tuple[Connection, bytes]] = []

    def on_connect(self, connection: Connection) -> None:
        self._kept.append((connection, os.urandom(LEAK)))
