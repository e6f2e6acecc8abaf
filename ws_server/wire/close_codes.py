"""The close codes that this server sends, and whether to come back after each.

A client that closes gets its own code back. docs/reference.md is generated from here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CloseCode:
    """RFC 6455 7.4, and 4000-4999 for our own; `reconnect` is advice to the client."""

    code: int
    reason: str = ""
    reconnect: bool = False
    meaning: str = ""  # For the documentation.


GOING_AWAY = CloseCode(
    1001, "the server stops", reconnect=True, meaning="The server got SIGTERM or Ctrl-C"
)
RESTARTING = CloseCode(1012, "the server restarts", reconnect=True, meaning="The server got SIGHUP")
TRY_AGAIN = CloseCode(
    1013,
    "Redis does not answer",
    reconnect=True,
    meaning="The client needs what only Redis has, or gave an id that only Redis knows. A stream "
    "of events just ends",
)
EXPIRED = CloseCode(
    4001,
    "the token has expired",
    reconnect=True,
    meaning="The token has come to its `exp`. Come back with a new one; in JSON it can also be "
    'sent before that: `{"token":"eyJ…"}`',
)
REVOKED = CloseCode(
    4002,
    "the token was revoked",
    reconnect=True,
    meaning="`POST /revocations`. Come back with a new token",
)
KICKED = CloseCode(4003, "thrown out", meaning="`DELETE /users/{user}/connections`")
GAP = CloseCode(
    4008,
    "history does not reach back far enough",
    reconnect=True,
    meaning="A client in the text format cannot be sent what it needs next: it is no longer in the "
    "log, Redis has lost it, or `last_id` is unknown here. Come back without `last_id`",
)
TOO_MANY_MESSAGES = CloseCode(
    4029,
    "too many messages",
    reconnect=True,
    meaning="The client sends more than `CLIENT_MESSAGES_PER_SECOND`; its pings count, too",
)

# For what a client breaks, `ws_server.wire.inbound` gives the reason.
BREACHES = (
    CloseCode(1002, meaning="A frame breaks the protocol. The reason says how"),
    CloseCode(1007, meaning="A text message is not UTF-8"),
    CloseCode(
        1009,
        "larger than … bytes",
        meaning="A message from the client is larger than `MAX_CLIENT_MESSAGE_BYTES`",
    ),
)
# Never sent: what a client says of a connection that ended without a close frame.
CUT_OFF = CloseCode(
    1006,
    reconnect=True,
    meaning="There was no close frame: the network failed, or the server dropped a client that "
    "was silent or did not read (`PING_INTERVAL`, `SLOW_CLIENT_SECONDS`)",
)

ALL = (
    GOING_AWAY,
    RESTARTING,
    TRY_AGAIN,
    EXPIRED,
    REVOKED,
    KICKED,
    GAP,
    TOO_MANY_MESSAGES,
    *BREACHES,
    CUT_OFF,
)
