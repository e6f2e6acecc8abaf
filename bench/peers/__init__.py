"""Servers with the same job, each in its natural best way, measured by the same load client.

Each takes a message by POST and sends it as one text message to every client.
What cannot be started here is named as missing, in the report and in its tables.
"""

from bench.peers import centrifugo, gin_gorilla, python
from bench.peers.peer import Peer

# Names that scenarios ask for.
CENTRIFUGO, GO, SOCKETIFY = centrifugo.NAME, gin_gorilla.NAME, "socketify"

PEERS: tuple[Peer, ...] = (
    *python.PEERS,
    Peer(GO, gin_gorilla.find, gin_gorilla.version, gin_gorilla.serving),
    Peer(CENTRIFUGO, centrifugo.find, centrifugo.version, centrifugo.serving),
)


def look() -> tuple[tuple[Peer, ...], tuple[str, ...]]:
    """The peers that can be started here, and the names of those that cannot."""
    there = tuple(peer for peer in PEERS if peer.find())
    return there, tuple(peer.name for peer in PEERS if peer not in there)
