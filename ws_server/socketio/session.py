"""The place of a client in the log, as Socket.IO lets it keep one. No I/O here.

socket.io-client remembers the `pid` that it was told when it entered, and the last argument of the
last event, which here is the id of a message. When it comes back it shows both. If it is told the
same pid again, it says that it was recovered. Ours has the place at which it entered in it: so one
that has got no message yet can come back, too.
"""

import re

from common.message import Mark

BETWEEN = "~"  # It is in no id.
IS_SHOWN = re.compile(r"[!-~]{1,200}").fullmatch  # It is told again: to the client, and in a gap.
NO_ID = "?"


def new_pid(connection: str, at: Mark) -> str:
    """For a client that begins at a place."""
    return f"{connection}{BETWEEN}{at}"


def session_of(pid: object) -> str:
    """What a client calls its place; empty if it cannot be one of ours."""
    return pid if isinstance(pid, str) and IS_SHOWN(pid) else ""


def last_id(*shown: object) -> str | None:
    """After which id a client goes on that shows these; None: it shows nothing."""
    texts = [each for each in shown if isinstance(each, str) and each]
    marks = [Mark.parse(each.rpartition(BETWEEN)[2]) for each in texts if IS_SHOWN(each)]
    known = [mark for mark in marks if mark is not None]
    if not known:
        return NO_ID if texts else None
    # After a loss it has a new pid, and an offset from before that until the next message.
    return str(max(known, key=lambda mark: (len(mark.epoch), mark.epoch, mark.id)))
