"""One root for all errors of the project, and one drawing of them."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

import pytest

from common import errors
from common.errors import MessageCenterError, QueueUnavailable
from config.errors import SettingsError

PACKAGES = ("common", "config", "http_api", "ws_server")


def modules() -> Iterator[str]:
    for package in PACKAGES:
        yield package
        for found in pkgutil.walk_packages(
            importlib.import_module(package).__path__, f"{package}."
        ):
            yield found.name


def classes() -> set[type[BaseException]]:
    """Every exception class that is written in the packages."""
    return {
        thing
        for name in modules()
        for _, thing in inspect.getmembers(importlib.import_module(name), inspect.isclass)
        if issubclass(thing, BaseException) and thing.__module__.partition(".")[0] in PACKAGES
    }


def drawn() -> dict[str, str]:
    """The names in the drawing, and the parent of each."""
    parents: dict[str, str] = {}
    above: dict[int, str] = {}
    lines = inspect.getdoc(errors) or ""  # Without the indent, which some Pythons keep.
    for indent, name in re.findall(r"^([│├└─ ]*)(\w+)  ", lines, re.MULTILINE):
        above[len(indent)] = name
        parents[name] = above.get(len(indent) - 4, "")
    return parents


def test_one_root_catches_whatever_the_project_raises() -> None:
    assert len(classes()) > 3
    assert [each for each in classes() if not issubclass(each, MessageCenterError)] == []


def test_the_drawing_has_each_error_under_its_parent() -> None:
    written = {each.__name__: each.__bases__[0].__name__ for each in classes()}

    assert drawn() == written | {"MessageCenterError": ""}


def test_no_two_errors_have_one_name() -> None:
    names = [each.__name__ for each in classes()]

    assert sorted(set(names)) == sorted(names)


def test_a_bad_setting_is_a_bad_value_and_names_it() -> None:
    with pytest.raises(ValueError, match=r"^WS_PORT: is taken$") as raised:
        raise SettingsError("WS_PORT", "is taken")
    assert isinstance(raised.value, MessageCenterError)


def test_an_unavailable_queue_says_why() -> None:
    assert str(QueueUnavailable("refused")) == "Redis is unavailable: refused"
