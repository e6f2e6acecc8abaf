"""How many events a client may send."""

import pytest

from tests.support.pusher_talk import ONE
from ws_server.pusher import client as module
from ws_server.pusher.client import Client


def test_ten_events_a_second_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    client = Client(ONE, "1.2")
    assert [client.may_send() for _ in range(12)] == [True] * 10 + [False] * 2

    now[0] += 0.5

    assert [client.may_send() for _ in range(6)] == [True] * 5 + [False]
