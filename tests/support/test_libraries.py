"""The sentences by which a test tells what has changed in a library."""

import sys
from types import ModuleType

import pytest

from tests.support.libraries import Part, complaint, complaint_without, named, names_taken


class Theirs:
    """A class of a library. Unrealistic: it is in no library."""

    size = 3

    def read(self, size: int, more: int = 0) -> int:
        return size + more

    def close(self) -> None:
        pass


class Ours(Theirs):
    def read(self, size: int, more: int = 0) -> int:
        return super().read(size, more)

    def close(self) -> None:
        pass


def part(name: str, given: tuple[str, ...] | None = None) -> Part:
    return Part("pytest", Theirs, name, given)


@pytest.mark.parametrize(
    "fine",
    [
        part("size"),
        part("read"),
        part("read", ("self", "size")),
        part("read", ("self", "size", "more")),
    ],
    ids=str,
)
def test_what_is_there_is_fine(fine: Part) -> None:
    assert complaint(fine) == ""


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (part("write"), "Theirs has no `write` any more"),
        (part("size", ("self",)), "Theirs has a `size` that is no function any more"),
        (
            part("read", ("self",)),
            "Theirs has a `read` with other parameters now: self, size, more",
        ),
        (
            part("read", ("self", "length")),
            "Theirs has a `read` with other parameters now: self, size, more",
        ),
    ],
    ids=str,
)
def test_what_has_changed_is_said_in_a_sentence(changed: Part, sentence: str) -> None:
    assert complaint(changed) == f"{named('pytest')}: {sentence}"


def test_it_is_said_what_would_be_said_without_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    inherited = Part("pytest", Ours, "size")

    assert complaint_without(inherited, monkeypatch).endswith("Ours has no `size` any more")


def test_a_module_may_lack_a_part_too() -> None:
    assert isinstance(sys, ModuleType)
    assert complaint(Part("pytest", sys, "exit", ("status",))) == ""
    assert complaint(Part("pytest", sys, "nothing")).endswith("sys has no `nothing` any more")


def test_a_name_that_both_have_and_nobody_means_is_told() -> None:
    assert names_taken("pytest", Ours, ["read", "close"]) == ""
    assert names_taken("pytest", Ours, ["read"]).endswith("Theirs has `close` of its own now")
