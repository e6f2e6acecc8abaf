"""What is revoked: one token of a listener, or those of a user up to a time. No I/O here."""

from typing import NamedTuple

JTI, USER = KINDS = ("jti", "user")


class Revocation(NamedTuple):
    """`kind` is JTI: one token; or USER: those of a user that were signed at `before` or earlier.

    Times are whole seconds since 1970; after `until` it means nothing any more.
    """

    kind: str
    name: str
    before: int
    until: int
    made: int = 0
