"""What a process of the WebSocket server says of itself, besides what every process says."""

from collections.abc import Callable
from typing import Any

from config.settings import Settings
from ws_server.clients.hub import Hub

TOLD = ("delivery", "poll_interval", "history_size", "history_seconds", "history_bytes")


class Figures:
    """Asked every two seconds; everything is kept by others already.

    `is_deaf` says whether no message reaches a client of this process.
    """

    def __init__(self, hub: Hub, settings: Settings) -> None:
        self.is_deaf: Callable[[], bool] = lambda: False
        self._hub = hub
        self._settings = {name: getattr(settings, name) for name in TOLD}

    def now(self) -> dict[str, Any]:
        """What is so now."""
        clients = self._hub.clients
        return {
            "connections": self._hub.count_by_format(),
            "behind": len(clients.behind),
            "closing": len(clients.closing),
            "deaf": self.is_deaf(),
            "settings": self._settings,
        }

    def counted(self) -> dict[str, int]:
        """What has been counted since the start."""
        tally = self._hub.tally
        return {"settled": tally.settled, "sent": tally.sent, "deliveries": tally.deliveries}
