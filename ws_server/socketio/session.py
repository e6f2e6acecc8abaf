"""The place of a client in the log, as Socket.IO lets it keep one. No I/O here.

socket.io-client remembers the `pid` that it was told when it entered, and the last argument of the
last event, which here is the id of a message. When it comes back it shows both, also if its page
has another token by now. If it is told the same pid again, it says that it was recovered. Ours has
in it whose it is, and the place at which it entered: so one that has got no message yet can come
back, too, and another user begins anew.
"""

import re
from collections.abc import Mapping
from hashlib import blake2s
from typing import Any

from common.message import Mark

BETWEEN = "~"  # It is in no id.
IS_SHOWN = re.compile(r"[!-~]{1,200}").fullmatch  # It is told again: to the client, and in a gap.
IS_PID = re.compile(r"[!-}]{1,60}~([0-9a-f]*)~[!-}]{1,100}").fullmatch
NO_ID = "?"


def session_of(pid: object, user: str | None) -> str:
    """What a client calls its place, if that is this user's; else only whose it will be."""
    owner = _owner(user)
    return str(pid) if _owner_in(pid) == owner else f"{BETWEEN}{owner}"


def pid_of(session: str, connection: str, at: Mark, *, complete: bool) -> str:
    """The same if the client misses nothing; else a new one, for a client that begins here."""
    name, _, rest = session.partition(BETWEEN)
    owner = rest.partition(BETWEEN)[0]
    return session if name and complete else BETWEEN.join([connection, owner, str(at)])


def last_id(said: Mapping[str, Any], user: str | None) -> str | None:
    """After which id a client goes on that shows these; None: it shows nothing.

    What another user had is no place: all that waits for this one comes first.
    """
    shown = [said.get("last_id")]
    if _owner_in(said.get("pid")) in (None, _owner(user)):
        shown += [said.get("pid"), said.get("offset")]
    texts = [each for each in shown if isinstance(each, str) and each]
    marks = [Mark.parse(each.rpartition(BETWEEN)[2]) for each in texts if IS_SHOWN(each)]
    known = [mark for mark in marks if mark is not None]
    if not known:
        return NO_ID if texts else None
    # After a loss it has a new pid, and an offset from before that until the next message.
    return str(max(known, key=lambda mark: (len(mark.epoch), mark.epoch, mark.id)))


def _owner(user: str | None) -> str:
    """Short, and of letters that every name can be told with; empty for guests."""
    return "" if user is None else blake2s(user.encode(errors="replace"), digest_size=6).hexdigest()


def _owner_in(pid: object) -> str | None:
    found = IS_PID(pid) if isinstance(pid, str) else None
    return found[1] if found else None
