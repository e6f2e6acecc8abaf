"""What the tests of the relay share."""

from typing import Any

import pytest

from common.errors import QueueUnavailable
from tests.support.fake_log import FakeLog
from tests.support.parts import Parts, Peer
from ws_server.door.listen import Listen
from ws_server.relay.relay import Relay

GONE = QueueUnavailable("gone")


def connect(parts: Parts, relay: Relay, listen: Listen) -> Peer:
    """A client, where the relay says that it begins."""
    return parts.connect(listen=listen, beginning=relay.beginnings.find(listen))[1]


def count_calls(monkeypatch: pytest.MonkeyPatch, log: FakeLog, name: str) -> list[None]:
    """A list that gets one longer with each call of a method of the log."""
    calls: list[None] = []
    method = getattr(log, name)

    def call(*given: Any, **options: Any) -> Any:
        calls.append(None)
        return method(*given, **options)

    monkeypatch.setattr(log, name, call)
    return calls
