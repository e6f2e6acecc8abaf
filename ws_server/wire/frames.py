"""Server frames of RFC 6455 as bytes: never masked, never fragmented, never compressed.

Encoding happens once per message, not once per client; the result is shared by
all of them. No sockets here.
"""

from struct import Struct

TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA

FIN = 0x80
_short, _medium, _long = (Struct(head).pack for head in ("!BB", "!BBH", "!BBQ"))  # Heads.
UNSENT_CODES = (1004, 1005, 1006, 1015)
LONGEST_CLOSE_REASON = 123  # RFC 6455 5.5: a control frame carries 125 bytes, 2 are the code.


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole frame (RFC 6455 5.2)."""
    length = len(payload)
    if length < 126:
        return _short(FIN | opcode, length) + payload
    if length < 65536:
        return _medium(FIN | opcode, 126, length) + payload
    return _long(FIN | opcode, 127, length) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; a reason that is too long is cut at a character (RFC 6455 5.5.1).

    Raises:
        ValueError: the code is none that may be sent (RFC 6455 7.4).
    """
    if not 1000 <= code < 5000 or code in UNSENT_CODES:
        raise ValueError(f"{code} is no close code that may be sent")
    cut = reason.encode()[:LONGEST_CLOSE_REASON].decode(errors="ignore")
    return frame(CLOSE, code.to_bytes(2) + cut.encode())
