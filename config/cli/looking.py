"""What `status` and `top` look at: if both servers are ready, and what they say of the whole."""

from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from config.cli.whole import summary, table
from config.printable import printable
from message_center_client import Client, Refused

READY = "ready"
HERE = (READY, "not ready: 503", "no answer: timed out")  # A server of ours; it may wait for Redis.
LOOK_FURTHER = (
    "look at Redis, and at the log of what is not ready; `message-center doctor` says more"
)
TO_DO = (
    "start this where the servers were started, or set what they have (HTTP_PORT, WS_PORT, "
    "PUSH_TOKENS); `message-center doctor` says what is wrong"
)


@dataclass(frozen=True)
class View:
    """One look; `http` and `ws` are READY or say why not, `stats` is empty if nobody tells."""

    http: str
    ws: str
    stats: dict[str, Any] = field(default_factory=dict)
    why_no_stats: str = ""

    @property
    def is_ready(self) -> bool:
        return self.http == self.ws == READY

    @property
    def to_do(self) -> str:
        """What would help; empty if all is well."""
        if self.is_ready and not self.why_no_stats:
            return ""
        both_are_here = all(each.startswith(HERE) for each in (self.http, self.ws))
        refused = self.why_no_stats and not self.why_no_stats.startswith("503")
        return LOOK_FURTHER if both_are_here and not refused else TO_DO


class Look:
    """Both servers, and the way to ask them."""

    def __init__(self, http_url: str, ws_url: str, token: str | None, timeout: float) -> None:
        self._http_url, self._ws_url = http_url, ws_url
        self._http = Client(http_url, token=token, timeout=timeout)
        # Without the token, which is for the other server only.
        self._ws = Client(ws_url.replace("ws", "http", 1), timeout=timeout)

    def view(self) -> View:
        """How it is now."""
        http, ws = readiness(self._http), readiness(self._ws)
        try:
            return View(http, ws, self._http.get("/stats"))
        except Refused as refused:
            return View(http, ws, why_no_stats=printable(str(refused)))
        except (OSError, HTTPException):  # Which stands in `http` already.
            return View(http, ws)

    def lines(self, view: View) -> list[str]:
        """For people."""
        told = [
            ("HTTP API", f"{self._http_url}/  {view.http}"),
            ("WebSocket", f"{self._ws_url}  {view.ws}"),
        ]
        if view.why_no_stats:
            told.append(("Figures", f"not told: {view.why_no_stats}"))
        if view.stats:
            told += summary(view.stats)
        if view.to_do:
            told.append(("To do", view.to_do))
        rows = [f"{name:<10} {text}".rstrip() for name, text in told]
        processes = view.stats.get("processes")
        return [*rows, "", *table(processes)] if processes else rows

    def close(self) -> None:
        """Close its connections."""
        self._http.close()
        self._ws.close()


def readiness(client: Client) -> str:
    """READY, or why not."""
    try:
        client.get("/readyz")
    except Refused as refused:
        return printable(f"not ready: {refused}")
    except (OSError, HTTPException) as problem:
        return printable(f"no answer: {str(problem) or type(problem).__name__}")
    return READY
