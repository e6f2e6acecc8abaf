"""How a process learns of revocations, and whom it closes."""

import gevent
import pytest

from common.errors import QueueUnavailable
from common.revocation import JTI, Revocation
from tests.support.fakes import FakeRevocations
from tests.support.parts import Parts, wait_until
from ws_server import revoking as module
from ws_server.door.grant import Grant
from ws_server.door.listen import Listen
from ws_server.door.revoked import Revoked
from ws_server.revoking import Revoking
from ws_server.wire.close_codes import REVOKED

TOKEN = Revocation(JTI, "t1", 0, 1 << 40)


@pytest.fixture
def store() -> FakeRevocations:
    return FakeRevocations()


def test_whose_token_is_revoked_is_closed_and_nobody_else(
    parts: Parts, store: FakeRevocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)
    revoked = Revoked()
    revoking = Revoking(store, revoked, parts.hub)
    clients = [parts.connect(listen=Listen(grant=Grant(jti=jti)))[1] for jti in ("t1", "t2", None)]
    revoking.look()
    store.add(TOKEN)

    revoking.look()

    assert clients[0].close_code() == REVOKED.code
    assert all(client.has_nothing() for client in clients[1:])
    assert revoked.covers(Grant(jti="t1"))


def test_nothing_is_known_before_redis_has_answered(parts: Parts, store: FakeRevocations) -> None:
    revoked = Revoked()
    store.fault = QueueUnavailable("away")
    revoking = Revoking(store, revoked, parts.hub)
    with pytest.raises(QueueUnavailable):
        revoking.look()
    assert not revoked.is_known
    store.fault = None

    revoking.look()

    assert revoked.is_known


def test_it_looks_again_and_again_whatever_happens(
    parts: Parts, store: FakeRevocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK", 0.001)
    monkeypatch.setattr("common.loops.PAUSE", 0.001)
    revoked = Revoked()
    store.fault = QueueUnavailable("away")
    running = gevent.spawn(Revoking(store, revoked, parts.hub).run)
    gevent.sleep(0.01)

    store.fault = None
    wait_until(lambda: revoked.is_known, "a look")
    running.kill()
