"""Every test here starts real processes; each gets its own, on free ports."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system import System


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker(pytest.mark.integration)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with System(tmp_path) as system:
        yield system
