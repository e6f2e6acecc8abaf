"""The parameters of what is only read: pages of names, pages of the history, and its stream.

A parameter that there is not is refused: it may be a slip, and the answer would be to another
question. No I/O here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from common import channels
from common.refused import Refused
from http_api.reading.recipients import FIELDS, bad, shown

MOST = 1000  # Names or messages in one answer.
USUAL = 100
LONGEST_MARK = 100  # Characters of an id that is given back to who asked with it.

Arguments = MultiDict[str, str]
Wanted = frozenset[str] | None  # Channels and wildcards as listeners have them; None: everything.


class Only(frozenset[str]):
    """Wanted by who may not read everything: to whom else a message went is not told."""


@dataclass(frozen=True, slots=True)
class NamesQuestion:
    """A page of users or channels."""

    after: str
    prefix: str
    limit: int


@dataclass(frozen=True, slots=True)
class MessagesQuestion:
    """Some of the history: after an id, or the newest, perhaps only those before an id."""

    wanted: Wanted
    after: str | None
    before: str | None
    last: int | None
    limit: int
    sample: int | None = None  # Messages a second at the most, of a stream.


def names_question(arguments: Arguments) -> NamesQuestion:
    """Of `GET /users` and `GET /channels`.

    Raises:
        Refused: a parameter is wrong.
    """
    given = _known(arguments, ("after", "limit", "prefix"))
    for name in ("after", "prefix"):
        text = given.get(name, "")
        if text and not (channels.is_name(text) or channels.is_wildcard(text)):
            raise _bad_page(f"{name} is {shown(text)}, with which no name begins")
    limit = _number("limit", given.get("limit"), USUAL)
    return NamesQuestion(given.get("after", ""), given.get("prefix", ""), limit)


def nothing_else(arguments: Arguments) -> None:
    """A question that has no parameters.

    Raises:
        Refused: there is one.
    """
    _known(arguments, ())


def messages_question(arguments: Arguments, most_channels: int) -> MessagesQuestion:
    """Of `GET /messages`.

    Raises:
        Refused: a parameter is wrong.
    """
    names = ("after", "before", "last", "limit")
    given = _known(arguments, names, FIELDS)
    if "after" in given and ("last" in given or "before" in given):
        raise _bad_page("after asks for what follows; last and before for what came before")
    if "last" in given and "limit" in given:
        raise _bad_page("last says how many; limit is for pages that go on after an id")
    backwards = "last" in given or "before" in given
    return MessagesQuestion(
        wanted=_wanted(given, most_channels),
        after=_mark("after", given),
        before=_mark("before", given),
        last=_number("last", given.get("last"), USUAL) if backwards else None,
        limit=_number("limit", given.get("limit"), USUAL),
    )


def stream_question(
    arguments: Arguments, last_event_id: str | None, most_channels: int
) -> MessagesQuestion:
    """Of `GET /messages/events`. An EventSource that comes back says its id in a header.

    Raises:
        Refused: a parameter is wrong.
    """
    given = _known(arguments, ("after", "last", "sample"), FIELDS)
    if "after" in given and "last" in given:
        raise _bad_page("after and last both say where to begin: leave one out")
    return MessagesQuestion(
        wanted=_wanted(given, most_channels),
        after=last_event_id[:LONGEST_MARK] if last_event_id else _mark("after", given),
        before=None,
        last=None if last_event_id else _number("last", given.get("last"), 0, least=0),
        limit=USUAL,
        sample=_number("sample", given["sample"], USUAL) if "sample" in given else None,
    )


def page_question(arguments: Arguments) -> tuple[str, int]:
    """After which entry of a list, which may be any text, and how many.

    Raises:
        Refused: a parameter is wrong.
    """
    given = _known(arguments, ("after", "limit"))
    return given.get("after", ""), _number("limit", given.get("limit"), USUAL)


def refuse_unknown(arguments: Arguments, names: Sequence[str]) -> None:
    """Raises Refused if there is another parameter, or one twice."""
    _known(arguments, names)


def _known(arguments: Arguments, names: Sequence[str], more: Sequence[str] = ()) -> dict[str, str]:
    known = (*names, *more)
    for name in arguments:
        if name not in known:
            there = f"; there are {', '.join(known)}" if known else ""
            reason = f"there is no parameter {shown(name)}{there}"
            raise Refused("unknown_field", reason)
        if len(arguments.getlist(name)) > 1:
            raise _bad_page(f"{name} stands twice")
    return arguments.to_dict()


def _number(name: str, text: str | None, usual: int, *, least: int = 1) -> int:
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= MOST and len(text) < 9):
        raise _bad_page(f"{name} is {shown(text)}, not a number from {least} to {MOST}")
    return int(text)


def _mark(name: str, given: dict[str, str]) -> str | None:
    text = given.get(name)
    if text is not None and not 1 <= len(text) <= LONGEST_MARK:
        raise _bad_page(f"{name} is no id")
    return text


def _wanted(given: dict[str, str], most: int) -> Wanted:
    found: set[str] = set()
    for field in FIELDS:
        if field not in given:
            continue
        text, to_users = given[field], field.startswith("user")
        is_right = channels.is_user if to_users else channels.is_subscription
        for name in _names(field, text, most):
            if not (isinstance(name, str) and is_right(name)):
                raise bad(field, f"{shown(name)} cannot be a {field.removesuffix('s')}")
            found.add(channels.of_user(name) if to_users else name)
    if len(found) > most:
        raise Refused("too_many_channels", f"at most {most} channels and users together")
    return frozenset(found) if found else None


def _names(field: str, text: str, most: int) -> list[Any]:
    try:
        return channels.names_in(text, most) if field.endswith("s") else [text]
    except ValueError as problem:
        raise bad(field, f"{field} cannot be read: {problem}") from None


def _bad_page(reason: str) -> Refused:
    return Refused("bad_page", reason)
