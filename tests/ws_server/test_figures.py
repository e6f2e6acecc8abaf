"""What a process of the WebSocket server says of itself."""

from config.settings import Settings
from tests.support.parts import SMALL, Parts
from ws_server.door.listen import Listen
from ws_server.figures import Figures


def test_clients_are_counted_by_format_and_by_state(parts: Parts) -> None:
    figures = Figures(parts.hub, Settings(delivery="instant"))
    parts.connect()
    parts.connect(listen=Listen("json"))
    parts.connect(SMALL)
    parts.publish(b"x" * 1_000_000)

    found = figures.now()

    assert found["connections"] == {"text": 2, "json": 1, "text-events": 0, "json-events": 0}
    assert found["behind"] >= 1
    assert found["closing"] == 0
    assert found["deaf"] is False
    assert found["settings"]["delivery"] == "instant"


def test_a_deaf_process_says_so(parts: Parts) -> None:
    figures = Figures(parts.hub, Settings())

    figures.is_deaf = lambda: True

    assert figures.now()["deaf"] is True


def test_what_was_sent_is_counted(parts: Parts) -> None:
    figures = Figures(parts.hub, Settings())
    parts.connect()
    parts.connect(listen=Listen("json"))
    parts.publish(b"a", b"b")
    parts.hub.tally.settled += 2

    assert figures.counted() == {"settled": 2, "sent": 2, "deliveries": 4}
