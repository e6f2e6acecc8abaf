"""Both ports tell a gap in the same words."""

from common import gap_reasons
from ws_server.wire import gap_reasons as of_listeners


def test_listeners_are_told_the_same_reasons() -> None:
    ours = {name: value for name, value in vars(gap_reasons).items() if name.isupper()}

    assert ours == {name: value for name, value in vars(of_listeners).items() if name.isupper()}
    assert len(set(ours.values())) == len(ours) == 3
