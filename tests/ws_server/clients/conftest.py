"""What the tests of clients share."""

import os

import pytest


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes each memory that is made to lend from."""
    made: list[str] = []
    create = os.memfd_create

    def create_and_note(name: str) -> int:
        made.append(name)
        return create(name)

    monkeypatch.setattr(os, "memfd_create", create_and_note)
    return made
