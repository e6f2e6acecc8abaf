"""What a user's own worker imports from there."""

from ws_server import connection
from ws_server.clients.connection import Connection


def test_it_is_the_connection_that_hooks_get() -> None:
    assert connection.Connection is Connection
