"""What the tests of the relay share."""

from common.errors import QueueUnavailable
from tests.support.parts import Parts, Peer
from ws_server.door.listen import Listen
from ws_server.relay.relay import Relay

GONE = QueueUnavailable("gone")


def connect(parts: Parts, relay: Relay, listen: Listen) -> Peer:
    """A client, where the relay says that it begins."""
    return parts.connect(listen=listen, beginning=relay.beginnings.find(listen))[1]
