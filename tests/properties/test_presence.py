"""Whatever joins, leaves and fails, the store ends up with exactly who is there."""

from collections.abc import Iterator

import pytest
from hypothesis import given

from tests.support.presence import Crowd, FakePresenceWriter, Step, steps
from ws_server import presence as presence_module


@pytest.fixture(scope="module", autouse=True)
def _small_writes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(presence_module, "MOST_CHANGES", 2)
        yield


@given(script=steps({"expire"}))
def test_the_store_ends_up_with_the_truth(script: list[Step]) -> None:
    writer = FakePresenceWriter()
    crowd = Crowd(writer, {"expire": writer.expire})
    for step in script:
        crowd.do(step)
    crowd.settle()

    assert writer.users == crowd.users()
    assert writer.channels == crowd.channels()
    assert writer.totals == {name: sum(who.values()) for name, who in crowd.channels().items()}
