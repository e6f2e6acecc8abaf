"""How our close codes read in Pusher's protocol, and those that only it has. No I/O here.

pusher-js gives up at 4000 to 4099. At 4100 to 4199 it comes back after a second, at 4200 to 4299 at
once: all clients of a process that stops would do that together, so none of these is said.
"""

from ws_server.wire import close_codes as ours
from ws_server.wire.close_codes import CloseCode

LATER = 4100  # It comes back, after a pause.
THROWN_OUT = 4009  # It gives up.
UNKNOWN_APP = CloseCode(4001, "there is no application with this key")
RATE_LIMITED = 4301  # Of an error: a client event was not passed on.

CODES = {
    ours.GOING_AWAY.code: LATER,
    ours.RESTARTING.code: LATER,
    ours.TRY_AGAIN.code: LATER,
    ours.EXPIRED.code: LATER,
    ours.GAP.code: LATER,
    ours.TOO_MANY_MESSAGES.code: LATER,
    ours.REVOKED.code: THROWN_OUT,
    ours.KICKED.code: THROWN_OUT,
}


def code_of(close: CloseCode) -> int:
    """What a client is told. 4001 is the only one of them that both have, and that differs."""
    return close.code if close is UNKNOWN_APP else CODES.get(close.code, close.code)
