"""`message-center listen`: when it comes back, when it does not, and what it says."""

import json

import pytest

from config.cli import listening
from config.cli.listening import LAST_ID, TOKEN, Listener, reason_of
from message_center_client.errors import Refused
from tests.support.servers import close, playing, refusal, told

END = told(401, "unauthorized", "a token is needed to listen")
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2ln"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "FIRST_WAIT", 0.01)


def listened(url: str) -> tuple[str, str]:
    """What was written and said until it gave up."""
    written: list[str] = []
    said: list[str] = []
    Listener(url, lambda piece: written.append(str(piece)), said.append).run()
    return "".join(written), "\n".join(said)


@pytest.mark.integration
@pytest.mark.parametrize("status", [400, 401, 403, 404, 421, 426, 200, 302])
def test_a_refusal_that_cannot_pass_ends_it_with_the_reason(status: int) -> None:
    with playing(told(status, "some_error", "for a reason")) as server:
        _, said = listened(server.url)

    assert said == f"{server.url} refuses: {status}: some_error: for a reason"
    assert len(server.targets) == 1


@pytest.mark.integration
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_refusal_that_may_pass_is_waited_for(status: int) -> None:
    with playing(told(status, "busy", "not now"), END) as server:
        _, said = listened(server.url)

    assert len(server.targets) == 2
    assert f"{status}: busy: not now\ntrying again in 0.0 s\n" in said


@pytest.mark.integration
def test_it_stays_away_for_as_long_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    with playing(
        told(503, "a", "b", "Retry-After: 7"), refusal(429, "", "Retry-After: 999"), END
    ) as it:
        listened(it.url)

    assert slept == [7.0, 60.0]


@pytest.mark.integration
@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 1009, 4003])
def test_who_is_thrown_out_stays_out(code: int) -> None:
    with playing(close(code, "thrown out")) as server:
        _, said = listened(server.url)

    assert said == f"connected to {server.url}\nclosed: {code} thrown out"
    assert len(server.targets) == 1


@pytest.mark.integration
@pytest.mark.parametrize("code", [1000, 1001, 1012, 1013, 4001, 4008, 4029, 4999])
def test_after_any_other_end_it_comes_back(code: int) -> None:
    with playing(close(code), END) as server:
        listened(server.url)

    assert len(server.targets) == 2


@pytest.mark.integration
def test_it_does_not_come_back_to_a_place_that_is_lost() -> None:
    with playing(close(4008), END) as server:
        listened(f"{server.url}?last_id=1a-1-0&channels=a")

    assert server.targets == ["/?last_id=1a-1-0&channels=a", "/?channels=a"]


@pytest.mark.integration
def test_what_arrives_is_written_a_line_each() -> None:
    first, last = "订单".encode(), b"paid"
    frames = bytes([0x81, len(first)]) + first + b"\x01\x02pa\x80\x02id" + bytes([0x82, 4]) + last
    with playing(frames + close(4003)) as server:
        written, _ = listened(server.url)

    assert written == "订单\npaid\nb'paid\\n'"


@pytest.mark.integration
def test_an_answer_that_is_none_of_http_and_none_at_all_are_tried_again() -> None:
    with playing(b"HTTP nonsense\r\n\r\n", b"", END) as server:
        _, said = listened(server.url)

    assert len(server.targets) == 3
    assert said.count("trying again") == 2


@pytest.mark.integration
def test_no_token_is_ever_said() -> None:
    with playing(told(401, "bad_token", f"no such token: {JWT}")) as server:
        _, said = listened(f"{server.url}?tokn={JWT}&token=secret")

    assert "secret" not in said
    assert JWT not in said
    assert "?tokn=…&token=… refuses: 401: bad_token" in said


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ws://h/?token=a.b.c", "ws://h/?token=…"),
        ("ws://h/?last=1&token=a.b.c&format=json", "ws://h/?last=1&token=…&format=json"),
        ("ws://h/?token=a&token=b#c", "ws://h/?token=…&token=…#c"),
        ("ws://h/token=a?mytoken=b", "ws://h/token=a?mytoken=b"),
    ],
)
def test_a_token_in_a_url_is_not_shown(url: str, shown: str) -> None:
    assert TOKEN.sub("…", url) == shown


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"error":"a","msg":"b"}', "400: a: b"),
        ('{"error":1,"msg":"b"}', "400: b"),
        ('{"msg":"b"}', "400: b"),
        ("<html>", "400"),
        ("[]", "400"),
        ("[" * 100_000, "400"),
        (
            json.dumps({"error": "a", "msg": "\x1b[2J\n" + "x" * 999}),
            "400: a: \ufffd[2J\ufffd" + "x" * 287,
        ),
    ],
)
def test_a_reason_is_one_short_line_whatever_was_answered(body: str, reason: str) -> None:
    assert reason_of(Refused.read(400, body.encode())) == reason


def test_only_the_place_is_left_out_of_a_url() -> None:
    assert LAST_ID.sub("", "ws://h/?a=1&last_id=x&b=2") == "ws://h/?a=1&b=2"
    assert LAST_ID.sub("", "ws://h/?my_last_id=x") == "ws://h/?my_last_id=x"
