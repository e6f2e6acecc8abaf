"""Which requests are of Socket.IO's clients: those whose path ends in `/socket.io/`. No I/O here.

Version 4 of its Engine.IO says who it is after the handshake: it waits in a lobby until then. In
version 3, which think-swoole's pages speak, all that is said stands in the query.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from common.refused import Refused
from common.unspoken import is_of_socketio
from ws_server.door.listen import Listen
from ws_server.door.policy import Policy

FORMAT, FORMAT_3 = "socketio", "socketio-3"
LOBBY = "socketio-lobby"  # There is no such format: nothing is sent there.
POLLING = (
    "Transport unknown: this server speaks Socket.IO over WebSocket only; "
    'give the client the option transports: ["websocket"]'
)
UNSUPPORTED = "Unsupported protocol version: there are EIO=4 and EIO=3"
NO_UPGRADE = "Bad request: the handshake came without Upgrade: the proxy in front must pass it on"
UNKNOWN_TRANSPORT, BAD_REQUEST, BAD_VERSION = 0, 3, 5  # Codes of Engine.IO.


def socketio_listen(environ: Mapping[str, Any], policy: Policy) -> Listen | None:
    """What such a client listens to at first; None if it is another client.

    Raises:
        Refused: a parameter that cannot be.
    """
    if not is_of_socketio(environ.get("PATH_INFO", "")):
        return None
    version, transport = _asked(environ["QUERY_STRING"])
    if transport != "websocket":
        raise Refused("bad_parameter", POLLING)
    if version == "4":
        return Listen(format=LOBBY)
    if version != "3":
        raise Refused("bad_parameter", UNSUPPORTED)
    asked = Listen.parse(environ, policy)
    return replace(asked, format=FORMAT_3, protocol=None, confirms=False)


def engine_error(query: str) -> bytes:
    """The answer to a request that asks for no WebSocket, as Engine.IO has it: JSON."""
    version, transport = _asked(query)
    code, message = UNKNOWN_TRANSPORT, POLLING
    if transport == "websocket":
        is_known = version in ("3", "4")
        code, message = (BAD_REQUEST, NO_UPGRADE) if is_known else (BAD_VERSION, UNSUPPORTED)
    return json.dumps({"code": code, "message": message}).encode()


def _asked(query: str) -> tuple[str, str]:
    """The version of Engine.IO, and the transport."""
    given = parse_qs(query)
    version, transport = (given.get(name, [""])[-1] for name in ("EIO", "transport"))
    return version, transport
