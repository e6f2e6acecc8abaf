"""An example of a `Worker` of your own: each client gets back what it sends.

Run it in the folder that holds `docs/` and `.venv/`:

    WORKER_CLASS=docs.echo:Echo .venv/bin/message-center serve

The folder in which the server is started is searched for modules, so a module of
your own needs no installation. Pushed messages still reach everybody.
"""

from ws_server.connection import Connection
from ws_server.worker import Worker


class Echo(Worker):
    """Every other hook stays as it is; `super()` is needed in `on_worker_start` only."""

    def on_message(self, connection: Connection, data: str | bytes) -> None:
        """Text comes back as text, binary as binary."""
        connection.send(data)
