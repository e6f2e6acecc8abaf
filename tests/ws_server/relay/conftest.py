"""What the tests of the relay share."""

import pytest

from tests.support.parts import Parts
from ws_server.relay import relay as module
from ws_server.relay.relay import Relay


@pytest.fixture
def relay(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Relay:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.01)
    return Relay(parts.log, parts.hub)
