"""Whether a client comes back, by the code that it is told: as pusher-js reads them."""

import pytest

from ws_server.pusher.close_codes import CODES, UNKNOWN_APP, code_of
from ws_server.wire.close_codes import ALL, EXPIRED, CloseCode


@pytest.mark.parametrize("close", [each for each in ALL if each.code >= 4000], ids=str)
def test_none_of_ours_is_taken_for_one_of_pusher(close: CloseCode) -> None:
    assert close.code in CODES


@pytest.mark.parametrize("close", ALL, ids=str)
def test_who_may_come_back_pauses_first_and_nobody_else_does(close: CloseCode) -> None:
    code = code_of(close)

    if close.code in CODES:
        gives_up = 4000 <= code < 4100
        assert gives_up or 4100 <= code < 4200
        assert gives_up <= (close.code in (4002, 4003))
    else:
        assert code == close.code


def test_an_unknown_application_is_not_an_expired_token() -> None:
    assert UNKNOWN_APP.code == EXPIRED.code == 4001
    assert code_of(UNKNOWN_APP) == 4001
    assert code_of(EXPIRED) == 4100
