"""What is counted of a message whose receipt is asked for. No I/O here."""

from collections.abc import Mapping
from typing import NamedTuple


class Numbers(NamedTuple):
    """Numbers of connections. It was written to those that have not missed it nor are behind.

    `to`: all that the message was for. Of these, `missed`: those that left, or were told of a gap,
    before it was written; those that have `confirmed` it; and `behind`: it is yet to be written.
    """

    to: int
    missed: int
    confirmed: int
    behind: int


class Counted(NamedTuple):
    """What a process says of one message: `at` is its id in the log. By user, if it is for some.

    `is_cut`: it cannot count any further, as the log was lost.
    """

    id: str
    at: int
    numbers: Numbers
    users: Mapping[str, Numbers] | None = None
    is_cut: bool = False
