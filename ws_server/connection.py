"""Where a `Worker` of a user's own finds the `Connection` that its hooks get."""

from ws_server.clients.connection import Connection

__all__ = ["Connection"]
