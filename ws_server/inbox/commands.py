"""What a client may say in the json format: channels it wants, a newer token, how far it is.

`{"subscribe": ["orders"]}`, `{"unsubscribe": ["news.*"]}`, both at once, `{"token": "eyJ…"}` or
`{"confirm": "…"}`. From text to commands; nothing is done or permitted here.
"""

import json
from dataclasses import dataclass
from typing import Any

from common.message import Mark
from common.refused import Refused

SUBSCRIBE, UNSUBSCRIBE, TOKEN, CONFIRM = "subscribe", "unsubscribe", "token", "confirm"
KNOWN = frozenset([SUBSCRIBE, UNSUBSCRIBE, TOKEN, CONFIRM])
FORMS = '{"subscribe": ["orders"]}, {"unsubscribe": ["orders"]} or {"token": "..."}'
BLANKS = "\ufeff \t\r\n"  # Some clients begin a text with a byte order mark.


@dataclass(frozen=True, slots=True)
class Change:
    """Channels to listen to from now on, and channels not to listen to any more."""

    subscribe: frozenset[str]
    unsubscribe: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refresh:
    """A token that replaces the one that is about to expire."""

    token: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """The client has handled everything up to here."""

    mark: Mark


Command = Change | Refresh | Confirm


def parse_command(data: str | bytes) -> Command | None:
    """None if it is no command at all, but a message for a hook.

    Raises:
        Refused: it is one, and wrong.
    """
    pairs = _pairs(data)
    fields = dict(pairs)
    known = fields.keys() & KNOWN
    if not known:
        return None
    if len(fields) < len(pairs):
        raise Refused("bad_command", "a name stands twice in the command")
    if TOKEN in known:
        if len(fields) > 1 or not isinstance(fields[TOKEN], str):
            raise Refused("bad_command", "a token is text, and a command of its own")
        return Refresh(fields[TOKEN])
    if CONFIRM in known:
        return _confirm(fields)
    if len(fields) > len(known):
        raise Refused("bad_command", f"besides {' and '.join(sorted(known))} nothing can stand")
    return Change(_names(fields, SUBSCRIBE), _names(fields, UNSUBSCRIBE))


def _confirm(fields: dict[str, Any]) -> Confirm:
    given = fields[CONFIRM]
    mark = Mark.parse(given) if isinstance(given, str) and len(fields) == 1 else None
    if mark is None:
        reason = 'confirm is the id of a message, and a command of its own: {"confirm": "<id>"}'
        raise Refused("bad_command", reason)
    return Confirm(mark)


def explain(data: str | bytes) -> str:
    """Why a message is no command, for a client that meant one."""
    kind = "a text frame" if isinstance(data, bytes) else "a JSON object"
    return f"a command is {kind}: {FORMS}"


def _pairs(data: str | bytes) -> tuple[tuple[str, Any], ...]:
    """The names and values of a JSON object, in their order; none if it is anything else."""
    if not isinstance(data, str):
        return ()
    text = data.strip(BLANKS)
    if not text.startswith("{"):
        return ()
    try:
        document: tuple[tuple[str, Any], ...] = json.loads(text, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        return ()
    return document


def _names(fields: dict[str, Any], name: str) -> frozenset[str]:
    names = fields.get(name, [])
    if not (isinstance(names, list) and all(isinstance(each, str) for each in names)):
        raise Refused("bad_command", f'{name} must be a list of channels: {{"{name}": ["orders"]}}')
    return frozenset(names)
