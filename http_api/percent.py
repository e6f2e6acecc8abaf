"""Percent-encoding of queries and forms, as bytes: what they stand for.

Nothing is refused: a `%` that no two hexadecimal digits follow stands for itself. No I/O here.
"""

from itertools import product

DIGITS = b"0123456789abcdefABCDEF"
BYTES = {bytes(pair): bytes([int(bytes(pair), 16)]) for pair in product(DIGITS, repeat=2)}


def unquoted(text: bytes) -> bytes:
    """What encoded text stands for; `+` is a blank."""
    if b"+" in text:
        text = text.replace(b"+", b" ")
    if b"%" not in text:
        return text
    first, *others = text.split(b"%")
    # Text that is not English is mostly encoded bytes only: these are looked up in one step.
    known = BYTES.get
    return first + b"".join([known(part) or _byte_and_rest(part) for part in others])


def _byte_and_rest(part: bytes) -> bytes:
    """What a `%` and the text behind it, up to the next one, stand for."""
    byte = BYTES.get(part[:2])
    return b"%" + part if byte is None else byte + part[2:]
