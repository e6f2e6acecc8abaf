"""Clients of other protocols where these are not spoken. No I/O here.

A path says little, as a WebSocket is accepted at every one. So what their libraries write into the
query must be there, too.
"""

from collections.abc import Mapping
from typing import Any

from common.unspoken import is_of_socketio, without_pusher, without_socketio
from ws_server.door.policy import Policy


def refuse_unspoken(environ: Mapping[str, Any], policy: Policy) -> None:
    """Raises Refused, which says what to set, if it is such a client."""
    query: str = environ.get("QUERY_STRING", "")
    if not query:
        return
    path: str = environ.get("PATH_INFO", "")
    if policy.apps is None and "/app/" in path and "protocol=" in query:
        raise without_pusher()
    if not policy.socket_io and "EIO=" in query and is_of_socketio(path):
        raise without_socketio()
