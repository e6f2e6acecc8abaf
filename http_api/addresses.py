"""To whom a push goes: which fields say so, and which channels they mean.

It knows no request and no queue, only places where fields are; and nothing of those
who listen.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from reprlib import repr as cut_repr
from typing import Any

from werkzeug.datastructures import MultiDict

from common import channels
from common.errors import PushRefused

FIELDS = ("channel", "channels", "user", "users")
NAMES = frozenset(FIELDS)
LISTS = ("channels", "users")
KNOWN = NAMES | {"content", "id"}
NEAR, LONGEST_NEAR = 0.88, 10  # A letter more or less, or another case; the original's have others.
ELEMENTS = tuple(f"{field}[" for field in FIELDS)  # PHP calls a list's first users[0].


def of_fields(sources: Sequence[Mapping[str, Any]], most: int) -> tuple[str, ...]:
    """The channels that the fields name, each once; none if they name none: for everybody.

    Of each field the first source counts that has something in it.

    Raises:
        PushRefused: a name cannot be one, or there are more than `most`.
    """
    if all(map(NAMES.isdisjoint, sources)):  # So it is nearly always; this is all that it costs.
        return ()
    found: dict[str, None] = {}
    for field in FIELDS:
        for source in sources:
            value = source.get(field)
            if value is not None and value != "":
                found.update(dict.fromkeys(_channels(field, value, most)))
                break
    if len(found) > most:
        raise _too_many(most)
    return tuple(found)


def of_params(sources: Sequence[Mapping[str, Any]], most: int) -> tuple[str, ...]:
    """The same of parameters: unknown ones are ignored, but not those that were meant as fields.

    Raises:
        PushRefused: as `of_fields`; or there is a `users[0]` (PHP's lists) or a `chanel`, which
            must not become a push to everybody, or a field stands twice.
    """
    for source in sources:
        for name in source:
            if name not in KNOWN:
                _refuse_near_miss(name)
        if isinstance(source, MultiDict):
            refuse_repeated([name for name, _ in source.items(multi=True)])
    return of_fields(sources, most)


def refuse_repeated(names: Sequence[str]) -> None:
    """Of a field that stands twice one would be lost.

    Raises:
        PushRefused: one does.
    """
    for field in FIELDS:
        if names.count(field) > 1:
            several = f"{field.removesuffix('s')}s"
            raise _bad(field, f"{field} stands twice: join the names in {several} with commas")


def _refuse_near_miss(name: str) -> None:
    if name.startswith(ELEMENTS):
        field = name.partition("[")[0]
        raise _bad(field, f"{_shown(name)} is not understood: join the names with commas")
    if len(name) <= LONGEST_NEAR:
        near = get_close_matches(name.lower(), FIELDS, 1, NEAR)
        if near:
            reason = f"there is no parameter {_shown(name)}; did you mean {near[0]}?"
            raise PushRefused(422, "unknown_field", reason)


def _channels(field: str, value: Any, most: int) -> Iterator[str]:
    to_users = field.startswith("user")
    is_valid = channels.is_user if to_users else channels.is_name
    for each in _elements(field, value, most):
        name = str(each) if type(each) is int else each
        if not (isinstance(name, str) and is_valid(name)):
            longest = channels.LONGEST_USER if to_users else channels.LONGEST
            raise _bad(
                field,
                f"{_shown(each)} cannot be a {field.removesuffix('s')}: "
                f"1 to {longest} of A-Z a-z 0-9 _ . : @ - are allowed{_hint(field, each)}",
            )
        yield channels.of_user(name) if to_users else name


def _elements(field: str, value: Any, most: int) -> list[Any]:
    """What may be names: not many more than `most`, so that looking at them takes no time."""
    if field not in LISTS or not isinstance(value, str | list):
        return [value]
    if value == []:  # Perhaps nobody was found; that must not become a push to everybody.
        raise _bad(field, f"{field} is an empty list; leave it out to push to everybody")
    elements = value.split(",", most) if isinstance(value, str) else value
    if len(elements) > most:
        raise _too_many(most)
    return elements


def _hint(field: str, value: Any) -> str:
    if field not in LISTS and (isinstance(value, list) or "," in str(value)):
        return f"; several go into {field}s"
    return f"; leave {channels.USER} out" if str(value).startswith(channels.USER) else ""


def _shown(value: Any) -> str:
    return cut_repr(value)[:60]


def _bad(field: str, reason: str) -> PushRefused:
    if field.startswith("user"):
        return PushRefused(422, "bad_user", reason)
    return PushRefused(422, "bad_channel", reason)


def _too_many(most: int) -> PushRefused:
    return PushRefused(
        422, "too_many_channels", f"at most {most} channels and users together are allowed"
    )
