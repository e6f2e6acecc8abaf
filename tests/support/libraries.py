"""What a test says when a library no longer has what we use of it."""

import inspect
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, NamedTuple

import pytest


class Part(NamedTuple):
    """A function, class or attribute that a library does not promise.

    `given` are the names of the parameters that we give to it, or that it gives to ours.
    """

    library: str
    owner: Any  # A class or a module.
    name: str
    given: tuple[str, ...] | None = None  # None: it is not called.

    def __str__(self) -> str:
        return f"{self.owner.__name__}.{self.name}"


def complaint(part: Part) -> str:
    """What has changed, in a sentence; nothing if it is as it was."""
    found = getattr(part.owner, part.name, None)
    said = f"{named(part.library)}: {part.owner.__name__} "
    if found is None:
        return f"{said}has no `{part.name}` any more"
    if part.given is None:
        return ""
    if not callable(found):
        return f"{said}has a `{part.name}` that is no function any more"
    parameters = list(inspect.signature(found).parameters.values())
    names = tuple(each.name for each in parameters)
    needed = [
        each.name
        for each in parameters[len(part.given) :]
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if names[: len(part.given)] != part.given or needed:
        return f"{said}has a `{part.name}` with other parameters now: {', '.join(names)}"
    return ""


def named(library: str) -> str:
    """The library with its version, as the sentences begin."""
    return f"{library} {version(library)}"


def complaint_without(part: Part, monkeypatch: pytest.MonkeyPatch) -> str:
    """What would be said if the library no longer had the part."""
    for owner in getattr(part.owner, "__mro__", (part.owner,)):
        if part.name in vars(owner) and owner is not object:
            monkeypatch.delattr(owner, part.name)
    return complaint(part)


def names_taken(library: str, ours: type, meant: Iterable[str]) -> str:
    """Which names of our class its base has too, but for those that are `meant`; nothing if none.

    A later version may call a method of such a name, and would get ours.
    """
    theirs = {name for base in ours.__mro__[1:] for name in vars(base)}
    taken = sorted(name for name in vars(ours) if name in theirs - {*meant} and name[:2] != "__")
    what = ", ".join(f"`{name}`" for name in taken)
    return (
        f"{named(library)}: {ours.__mro__[1].__name__} has {what} of its own now" if taken else ""
    )
