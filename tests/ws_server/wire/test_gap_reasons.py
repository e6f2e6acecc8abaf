"""Each reason of a gap reaches the client as it stands."""

import json

import pytest

from common.message import Mark
from ws_server.wire.formats import all_formats
from ws_server.wire.gap_reasons import LOST, TOO_OLD, UNKNOWN


@pytest.mark.parametrize("reason", [LOST, TOO_OLD, UNKNOWN])
def test_a_client_is_told_the_reason(reason: str) -> None:
    notice = all_formats("")["json"].gap(Mark("e1", 1 << 64), "e1-0-0", reason)

    assert notice is not None
    assert json.loads(notice[notice.index(b"{") :])["reason"] == reason


def test_no_two_reasons_are_the_same() -> None:
    assert len({LOST, TOO_OLD, UNKNOWN}) == 3
