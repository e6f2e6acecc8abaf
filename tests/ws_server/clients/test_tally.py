"""Deliveries are counted for each message and client that gets it, whatever it listens to."""

from tests.support.parts import Parts
from ws_server.door.listen import Listen


def listening(*channels: str) -> Listen:
    return Listen("json", channels=frozenset(channels))


def deliveries(parts: Parts, *pushed: tuple[bytes, tuple[str, ...]]) -> int:
    before = parts.hub.tally.deliveries
    contents, recipients = zip(*pushed, strict=True)
    parts.hub.publish(parts.log.write(*contents, recipients=recipients))
    return parts.hub.tally.deliveries - before


def test_messages_for_everybody_and_for_some_are_counted(parts: Parts) -> None:
    for _ in range(3):
        parts.connect()
    for _ in range(2):
        parts.connect(listen=listening("orders"))
    for _ in range(40):  # More than are sent one by one.
        parts.connect(listen=listening("news"))

    assert deliveries(parts, (b"a", ())) == 45
    assert deliveries(parts, (b"a", ("orders",))) == 2
    assert deliveries(parts, (b"a", ("news",))) == 40
    assert deliveries(parts, (b"a", ()), (b"b", ("orders",)), (b"c", ("news",))) == 45 + 2 + 40
    assert parts.hub.tally.sent == 6
