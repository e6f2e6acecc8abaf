"""A listener against a server that plays what it is given: where it comes back, and how it ends."""

import json
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from message_center_client import Closed, Gap, Listener, Message, NotUnderstood, Refused, listen
from message_center_client import listener as module
from tests.support.servers import Player, close, playing, refusal, told

pytestmark = pytest.mark.integration
END = close(4003, "thrown out")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)


def frame(**fields: object) -> bytes:
    data = json.dumps(fields).encode()
    size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2)
    return b"\x81" + size + data


def message(id_: str) -> bytes:
    return frame(id=id_, channel=None, content=f"content {id_}", time=1)


def welcome(id_: str) -> bytes:
    return frame(type="welcome", id=id_, complete=True, channels=[])


def heard(listener: Listener) -> tuple[list[str], Exception]:
    """The ids of all messages, and what ended it."""
    ids: list[str] = []
    with listener:
        try:
            ids.extend(each.id for each in listener)
        except Exception as problem:  # Each test looks at it.
            return ids, problem
    raise AssertionError("nothing has ended it")


def queries(server: Player) -> list[str]:
    return [target.partition("format=json")[2] for target in server.targets]


def test_it_comes_back_to_where_it_was() -> None:
    first = welcome("0") + message("1") + message("2")
    cut = message("4")[:-3]
    with playing(
        first + close(1012), welcome("2") + message("3") + cut, message("4") + END
    ) as server:
        ids, end = heard(listen(server.url, channels=["a", "b.*"], last=5))

    assert ids == ["1", "2", "3", "4"]
    assert isinstance(end, Closed)
    assert (end.code, end.reason) == (4003, "thrown out")
    assert queries(server) == ["&last=5", "&last_id=2", "&last_id=3"]
    assert {target.partition("&")[0] for target in server.targets} == {"/?channels=a,b.*"}


def test_a_cut_before_the_first_message_misses_nothing() -> None:
    with playing(welcome("7") + close(1001), frame(type="cursor", id="9") + b"", END) as server:
        heard(listen(server.url))

    assert queries(server) == ["", "&last_id=7", "&last_id=9"]


def test_a_message_is_what_the_server_says() -> None:
    fields: dict[str, Any] = {"id": "1", "channel": "a", "content": {"n": [1]}, "time": 5}
    with playing(frame(**fields) + END) as server, listen(server.url, last_id="0") as messages:
        assert next(messages) == Message(**fields)
        assert messages.last_id == "1"


def test_it_knows_the_id_of_its_connection() -> None:
    first = frame(type="welcome", id="0", connection="1.2") + message("1")
    with playing(first + END) as server, listen(server.url) as messages:
        assert messages.connection == ""
        next(messages)
        assert messages.connection == "1.2"


def test_a_message_in_pieces_is_one() -> None:
    whole = message("1")[2:]
    pieces = b"\x01\x05" + whole[:5] + b"\x80" + bytes([len(whole) - 5]) + whole[5:]
    with playing(pieces + END) as server:
        assert heard(listen(server.url))[0] == ["1"]


def test_a_gap_is_told_in_its_place() -> None:
    gap = {"id": "5", "after": "1", "reason": "why"}
    with playing(message("1") + frame(type="gap", **gap) + close(1001), END) as server:
        told: list[Gap] = []
        heard(listen(server.url, on_gap=told.append))

    assert told == [Gap(**gap)]
    assert queries(server) == ["", "&last_id=5"]


def test_a_gap_that_nobody_asks_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with playing(frame(type="gap", id="5", after="1", reason="for a reason") + END) as server:
        heard(listen(server.url))

    assert "messages are missing: for a reason" in caplog.text


def test_a_place_that_is_lost_is_a_gap_and_is_not_asked_for_again() -> None:
    with playing(close(4008, "too far"), END) as server:
        told: list[Gap] = []
        heard(listen(server.url, last_id="3", on_gap=told.append))

    assert told == [Gap("", "3", "too far")]
    assert queries(server) == ["&last_id=3", ""]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 426, 200])
def test_a_refusal_that_cannot_pass_is_raised(status: int) -> None:
    with playing(told(status, "some_error", "for a reason")) as server:
        ids, end = heard(listen(server.url))

    assert str(end) == f"{status}: some_error: for a reason"
    assert isinstance(end, Refused)
    assert (ids, end.error, len(server.targets)) == ([], "some_error", 1)


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 1009, 4001, 4003])
def test_a_close_that_cannot_pass_is_raised(code: int) -> None:
    with playing(close(code)) as server:
        _, end = heard(listen(server.url, token="abc"))

    assert isinstance(end, Closed)
    assert (end.code, len(server.targets)) == (code, 1)


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 1013, 4029, 4999])
def test_after_any_other_end_it_comes_back(code: int) -> None:
    with playing(close(code), END) as server:
        heard(listen(server.url))

    assert len(server.targets) == 2


class Noting(Listener):
    """Notes the pauses that it is told of."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.pauses: list[float] = []
        self.connects = 0

    def on_connect(self) -> None:
        self.connects += 1

    def on_cut(self, problem: Exception, pause: float) -> None:
        self.pauses.append(pause)


def test_it_stays_away_for_as_long_as_it_is_told() -> None:
    busy = told(503, "unavailable", "full", "Retry-After: 1")
    with playing(busy, b"HTTP nonsense\r\n\r\n", b"", END) as server:
        listener = Noting(server.url)
        heard(listener)

    assert len(server.targets) == 4
    assert listener.pauses[0] >= 1
    assert listener.connects == 1


def test_a_function_is_asked_for_a_token_at_each_connect() -> None:
    tokens: Callable[[], str] = (f"token-{number}" for number in count()).__next__
    with playing(close(4001), refusal(401), END) as server:
        heard(listen(server.url, token=tokens))

    assert server.authorizations == ["Bearer token-0", "Bearer token-1", "Bearer token-2"]


def test_two_new_tokens_that_are_refused_in_turn_end_it() -> None:
    with playing(told(401, "bad_token", "no")) as server:
        _, end = heard(listen(server.url, token=lambda: "abc"))

    assert isinstance(end, Refused)
    assert (end.error, len(server.targets)) == ("bad_token", 2)


@pytest.mark.parametrize("frame", [b"\x81\x05hello", b"\x82\x02{}"])
def test_what_is_no_message_center_is_not_listened_to(frame: bytes) -> None:
    with playing(frame) as server:
        _, end = heard(listen(server.url))

    assert isinstance(end, NotUnderstood)


def test_what_a_hook_raises_is_the_callers() -> None:
    class Failing(Listener):
        def on_connect(self) -> None:
            raise OSError("disk full")

    with playing(message("1")) as server:
        _, end = heard(Failing(server.url))

    assert str(end) == "disk full"


def test_another_thread_can_close_it_while_it_waits() -> None:
    with playing(welcome("1") + message("2")) as server, listen(server.url) as messages:
        next(messages)
        closing = threading.Timer(0.05, messages.close)
        closing.start()
        assert list(messages) == []
        closing.join()


def test_one_that_was_closed_has_ended() -> None:
    with listen("ws://127.0.0.1:1/") as messages:
        messages.close()
        assert list(messages) == []


def test_a_token_that_fits_no_header_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="printable"):
        listen(token="a\nb")
