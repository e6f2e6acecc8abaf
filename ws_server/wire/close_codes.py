"""The close codes that this server sends of its own accord, and whether to come back after each.

Codes for broken frames (1002, 1007, 1009) come with the breach itself; see
`ws_server.wire.inbound`. A client that closes gets its own code back.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CloseCode:
    """RFC 6455 7.4, and 4000-4999 for our own; `reconnect` is advice to the client."""

    code: int
    reason: str = ""
    reconnect: bool = False


GOING_AWAY = CloseCode(1001, "the server stops", reconnect=True)
RESTARTING = CloseCode(1012, "the server restarts", reconnect=True)
EXPIRED = CloseCode(4001, "the token has expired", reconnect=True)
KICKED = CloseCode(4003, "thrown out")
TRY_AGAIN = CloseCode(1013, "Redis does not answer", reconnect=True)
GAP = CloseCode(4008, "history does not reach back far enough", reconnect=True)
TOO_MANY_MESSAGES = CloseCode(4029, "too many messages", reconnect=True)
