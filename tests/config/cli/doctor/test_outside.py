import pytest

from config.cli.doctor.finding import ok
from config.cli.doctor.outside import Visit, outside_findings
from config.cli.doctor.route import Target
from tests.support.processes import free_port
from tests.support.servers import playing, refusal

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connections, which ask for nothing, are more than a player can play to."""
    monkeypatch.setattr("config.cli.doctor.outside.route_findings", lambda _: iter(()))


def looks(url: str) -> list[str]:
    visit = Visit(target=Target.parse(url), silence=0.1)
    return [each.about for each in outside_findings(visit, lambda _: None)]


def test_nothing_is_looked_at_behind_what_is_broken() -> None:
    assert looks(f"ws://127.0.0.1:{free_port()}/") == ["websocket"]
    with playing(refusal(502)) as player:
        assert looks(player.url) == ["upgrade"]


def test_the_longest_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    events = iter([ok("events", "not buffered")])  # The player speaks WebSocket only.
    monkeypatch.setattr("config.cli.doctor.outside.stream_findings", lambda *_: events)
    with playing(b'\x81\x12{"type":"welcome"}\x8a\x00') as player:
        found = looks(player.url)

    assert found == ["upgrade", "server", "ping", "origins", "events", "message", "silence"]
