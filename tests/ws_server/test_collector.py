from common.metrics.families import FAMILIES, Of
from tests.support.parts import SMALL, Parts
from ws_server.collector import numbers_of
from ws_server.door.listen import Listen

UNKNOWN = {"workers"}  # Of `Metrics`.


def test_all_that_this_process_shows_comes_from_somewhere(parts: Parts) -> None:
    shown = {*numbers_of(parts.hub).snapshot(), *UNKNOWN}

    assert shown == {each.name for each in FAMILIES if Of.WS in each.of}


def test_clients_and_deliveries_are_counted_by_format(parts: Parts) -> None:
    parts.connect()
    parts.connect(listen=Listen("json"))
    parts.connect(listen=Listen("json"))
    parts.publish(b"a", b"b")

    found = numbers_of(parts.hub).snapshot()

    assert found["connections"] == {"text": 1, "json": 2, "text-events": 0, "json-events": 0}
    assert found["deliveries_total"] == {"text": 2, "json": 4}


def test_clients_that_are_behind_are_counted(parts: Parts) -> None:
    parts.connect(SMALL)
    parts.publish(b"x" * 1_000_000)

    assert numbers_of(parts.hub).snapshot()["behind_connections"] == {"": 1}
