"""The table of close codes."""

import pytest

from ws_server.wire.close_codes import GAP, GOING_AWAY, RESTARTING, CloseCode


@pytest.mark.parametrize("close", [GAP, GOING_AWAY, RESTARTING])
def test_every_close_of_our_own_may_be_sent_and_says_why(close: CloseCode) -> None:
    assert close.code in {1001, 1012} or 4000 <= close.code < 5000
    assert 0 < len(close.reason.encode()) <= 123
    assert close.reconnect  # None of them is the client's fault.
