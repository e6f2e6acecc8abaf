"""What a process of the WebSocket server shows to Prometheus, and where each number comes from."""

from time import monotonic

from common.metrics.numbers import Numbers
from ws_server.clients.hub import Hub
from ws_server.presence import Presence
from ws_server.receipts.receipts import Receipts


def numbers_of(hub: Hub, receipts: Receipts, presence: Presence) -> Numbers:
    """What it counts."""
    numbers, tally, clients = Numbers(), hub.tally, hub.clients
    numbers.add("settled_total", lambda: tally.settled)
    numbers.add("rejected_total", lambda: tally.rejected)
    numbers.add("connections", hub.count_by_format)
    numbers.add("accepts_total", lambda: tally.accepts)
    numbers.add("closes_total", lambda: tally.closes)
    numbers.add("deliveries_total", lambda: tally.by_format)
    numbers.add("delivered_bytes_total", lambda: tally.bytes)
    numbers.add("fan_out_seconds", lambda: tally.fan_out)
    numbers.add("chunk_messages", lambda: tally.chunk)
    numbers.add("settled_to_written_seconds", lambda: tally.written)
    numbers.add("written_to_confirmed_seconds", lambda: hub.confirming.times)
    numbers.add("push_to_written_seconds", lambda: receipts.to_written)
    numbers.add("behind_connections", lambda: len(clients.behind))
    numbers.add("behind_messages", lambda: messages_behind(hub))
    numbers.add("resumes_total", lambda: tally.resumes)
    numbers.add("gaps_total", lambda: tally.gaps)
    numbers.add("presence_lag_seconds", lambda: presence.lag(monotonic()))
    return numbers


def messages_behind(hub: Hub) -> int:
    """How many messages the client that is furthest behind has yet to pass, as far as is known."""
    cursors = (each.owed.cursor for each in hub.clients.behind if each.owed is not None)
    furthest = min(cursors, default=None)
    return 0 if furthest is None else hub.recent.count_after(furthest)
