"""The recipients of a push: which fields name them, and which channels they are.

It knows no request and no queue, only where fields may stand; and nothing of listeners.
"""

from collections.abc import Iterator, Mapping, Sequence
from reprlib import repr as cut_repr
from typing import Any

from common import channels
from common.misspellings import MISSPELLED_USER, Misspellings
from common.refused import Refused

FIELDS = ("channel", "channels", "user", "users")
NAMES = frozenset(FIELDS)
LISTS = ("channels", "users")
KNOWN = NAMES | {"content", "event", "except", "id", "receipt"}
# A receipt that nobody was asked for cannot be had later. `content` is not here: without one the
# answer is the original's.
MEANT = (*FIELDS, "receipt")
MISSPELLED = Misspellings({field: field for field in MEANT} | MISSPELLED_USER)


def of_fields(sources: Sequence[Mapping[str, Any]], most: int) -> tuple[str, ...]:
    """The channels that the fields name, each once; none if it is for everybody.

    Raises:
        Refused: a name cannot be one, a field is empty or stands in two places, or there
            are more than `most`.
    """
    if all(map(NAMES.isdisjoint, sources)):
        return ()
    found: dict[str, None] = {}
    for field in FIELDS:
        is_given = False
        for source in sources:
            if field not in source:
                continue
            if is_given:
                raise repeated(field)
            is_given = True
            found.update(dict.fromkeys(_channels(field, source[field], most)))
    if len(found) > most:
        raise _too_many(most)
    return tuple(found)


def repeated(field: str) -> Refused:
    """The refusal of a field that stands twice: one of them would be lost."""
    several = f"{field.removesuffix('s')}s"
    return bad(field, f"{field} stands twice: join the names in {several} with commas")


def refuse_misspelled(name: str) -> None:
    """Refuse the name of a parameter that was meant as a field; unknown ones are ignored.

    Raises:
        Refused: it was, such as `chanel`, or `users[0]`, as PHP writes lists.
    """
    field = MISSPELLED.meant(name)
    if field is None:
        return
    if "[" in name and field in NAMES:
        raise bad(field, f"{shown(name)} is not understood: join the names with commas")
    reason = f"there is no parameter {shown(name)}; did you mean {field}?"
    raise Refused("unknown_field", reason)


def shown(value: Any) -> str:
    """`value` as an error may show it: a little of it."""
    return cut_repr(value)[:60]


def bad(field: str, reason: str) -> Refused:
    """The refusal of what stands in a field."""
    if field.startswith("user"):
        return Refused("bad_user", reason)
    return Refused("bad_channel", reason)


def _channels(field: str, value: Any, most: int) -> Iterator[str]:
    to_users = field.startswith("user")
    is_valid = channels.is_user if to_users else channels.is_name
    for each in _elements(field, value, most):
        name = str(each) if type(each) is int else each
        if not (isinstance(name, str) and is_valid(name)):
            raise bad(field, _why_not(field, each, to_users=to_users))
        if "," in name and field not in LISTS:  # Several may be meant.
            raise bad(field, _why_not(field, each, to_users=to_users))
        yield channels.of_user(name) if to_users else name


def _elements(field: str, value: Any, most: int) -> list[Any]:
    """The names as they were given; too many are refused before any is checked."""
    if value in (None, "", []):
        # Perhaps the backend has found nobody; that must not become a push to everybody.
        raise bad(field, f"{field} is empty; leave it out to push to everybody")
    if field not in LISTS or not isinstance(value, str | list):
        return [value]
    try:
        elements = channels.names_in(value, most) if isinstance(value, str) else value
    except ValueError as problem:
        raise bad(field, f"{field} cannot be read: {problem}") from None
    if len(elements) > most:
        raise _too_many(most)
    return elements


def _why_not(field: str, value: Any, *, to_users: bool) -> str:
    if field not in LISTS and isinstance(value, str) and "," in value:
        one = f'a name with a comma goes there, too, in a JSON list: {field}s=["a,b"]'
        return f"{shown(value)}: several go into {field}s; {one}"
    longest = channels.LONGEST_USER if to_users else channels.LONGEST
    return (
        f"{shown(value)} cannot be a {field.removesuffix('s')}: "
        f"1 to {longest} of {channels.SHOWN} are allowed{_hint(field, value)}"
    )


def _hint(field: str, value: Any) -> str:
    if field not in LISTS and (isinstance(value, list) or "," in str(value)):
        return f"; several go into {field}s"
    return f"; leave {channels.USER} out" if str(value).startswith(channels.USER) else ""


def _too_many(most: int) -> Refused:
    return Refused("too_many_channels", f"at most {most} channels and users together are allowed")
