"""`message-center listen --json`: a line for each message, and for each gap where it is."""

import json
from collections.abc import Mapping

import pytest

from config.cli.resuming import PrintingListener
from message_center_client import listener as module
from tests.support.servers import close, playing, told

pytestmark = pytest.mark.integration
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2ln"
MESSAGE = {"id": "1", "content": "订单", "channel": None, "time": 5}
GAP = {"type": "gap", "id": "2", "after": "1", "reason": "why"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)


def frame(fields: Mapping[str, object]) -> bytes:
    data = json.dumps(fields).encode()
    return bytes([0x81, len(data)]) + data


def listened(url: str, token: str | None = None) -> tuple[str, list[str]]:
    written: list[str] = []
    said: list[str] = []
    PrintingListener(url, written.append, said.append, token).run()
    return "".join(written), said


def test_messages_and_gaps_are_lines_and_a_cut_is_only_said() -> None:
    with playing(frame(MESSAGE) + frame(GAP) + close(1012, "restarts"), close(4003)) as server:
        written, said = listened(f"{server.url}?channels=a&last=5", "abc")

    assert [json.loads(line) for line in written.splitlines()] == [MESSAGE, GAP]
    assert "订单" in written
    assert server.targets == [
        "/?channels=a&format=json&last=5",
        "/?channels=a&format=json&last_id=2",
    ]
    assert server.authorizations == ["Bearer abc"] * 2
    assert said[0] == f"connected to {server.url}?channels=a&last=5"
    assert said[1].startswith("closed: 1012 restarts; trying again in 0.0 s")
    assert said[-1] == "closed: 4003"


def test_it_begins_after_the_id_that_is_given() -> None:
    with playing(close(4003)) as server:
        listened(f"{server.url}?last_id=1a-1-0")

    assert server.targets == ["/?format=json&last_id=1a-1-0"]


def test_a_refusal_is_said_and_no_token_is() -> None:
    with playing(told(401, "bad_token", f"no such token: {JWT}")) as server:
        written, said = listened(f"{server.url}?token={JWT}")

    assert (written, said) == ("", ["401: bad_token: no such token: …"])


def test_what_a_server_says_orders_no_terminal_about() -> None:
    with playing(told(403, "x", "\\u001b[2J")) as server:
        assert listened(server.url)[1] == ["403: x: \ufffd[2J"]
