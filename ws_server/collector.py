"""What a process of the WebSocket server shows to Prometheus, and where each number comes from."""

from common.metrics.numbers import Numbers
from ws_server.clients.hub import Hub


def numbers_of(hub: Hub) -> Numbers:
    """What it counts."""
    numbers, tally, clients = Numbers(), hub.tally, hub.clients
    numbers.add("settled_total", lambda: tally.settled)
    numbers.add("connections", hub.count_by_format)
    numbers.add("deliveries_total", lambda: tally.by_format)
    numbers.add("behind_connections", lambda: len(clients.behind))
    return numbers
