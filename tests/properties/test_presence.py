"""Whatever joins, leaves and fails, the store ends up with exactly who is there."""

from collections.abc import Iterator

import pytest
from hypothesis import given

from tests.support.presence import Crowd, FakeEntries, Step, steps
from ws_server import presence as presence_module


@pytest.fixture(scope="module", autouse=True)
def _small_writes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(presence_module, "MOST_CHANGES", 2)
        yield


@given(script=steps({"expire"}))
def test_the_store_ends_up_with_the_truth(script: list[Step]) -> None:
    entries = FakeEntries()
    crowd = Crowd(entries, {"expire": entries.expire})
    for step in script:
        crowd.do(step)
    crowd.settle()

    assert entries.users == crowd.users()
    assert entries.channels == crowd.channels()
    assert entries.totals == {name: sum(who.values()) for name, who in crowd.channels().items()}
