from common.metrics.families import FAMILIES, Of
from common.metrics.numbers import Snapshot
from tests.support.parts import SMALL, Parts
from tests.support.presence import FakePresenceWriter
from ws_server.collector import numbers_of
from ws_server.door.listen import Listen
from ws_server.presence import Presence

# Shown by `Metrics`, `Service`, `add_redis`, `Canary` and `Senders`.
ELSEWHERE = {
    "workers",
    "draining",
    "redis_errors_total",
    "redis_seconds",
    "canary_seconds",
    "canary_missed_total",
    "webhook_events_total",
}


def shown(parts: Parts) -> Snapshot:
    return numbers_of(parts.hub, parts.receipts, Presence(FakePresenceWriter())).snapshot()


def test_all_that_this_process_shows_comes_from_somewhere(parts: Parts) -> None:
    found = {*shown(parts), *ELSEWHERE}

    assert found == {each.name for each in FAMILIES if Of.WS in each.of}


def test_clients_and_deliveries_are_counted_by_format(parts: Parts) -> None:
    parts.connect()
    parts.connect(listen=Listen("json"))
    parts.connect(listen=Listen("json"))
    parts.publish(b"a", b"b")

    found = shown(parts)

    assert found["connections"] == {"text": 1, "json": 2, "text-events": 0, "json-events": 0}
    assert found["deliveries_total"] == {"text": 2, "json": 4}


def test_clients_that_are_behind_are_counted(parts: Parts) -> None:
    parts.connect(SMALL)
    parts.publish(b"x" * 1_000_000)

    assert shown(parts)["behind_connections"] == {"": 1}


def test_how_far_behind_a_client_is(parts: Parts) -> None:
    parts.connect_behind([b"x" * 100_000] * 30)
    for _ in range(10):
        parts.publish(b"a")

    (behind,) = shown(parts)["behind_messages"].values()

    assert isinstance(behind, int)
    assert 10 < behind <= 40
