"""A worker whose hooks fail, with what a client has sent in the exception."""

from ws_server.clients.connection import Connection
from ws_server.worker import Worker


class Failing(Worker):
    """Named in WORKER_CLASS."""

    def on_message(self, connection: Connection, data: str | bytes) -> None:
        raise ValueError(data)
