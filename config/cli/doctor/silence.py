"""A connection on which the client says nothing: whether what is in between ends it."""

from collections.abc import Callable, Iterator, Mapping
from time import monotonic

from config.cli.doctor.finding import Finding, ok, problem
from config.cli.doctor.route import Target
from config.cli.doctor.websocket import PING, WebSocket
from message_center_client.errors import ClientError

STEP = 1.0  # Seconds between two words on how far it is.

Progress = Callable[[float], None]  # It is given how many seconds are over.


def silence_findings(
    target: Target, headers: Mapping[str, str], seconds: float, progress: Progress
) -> Iterator[Finding]:
    """Only answers to the server's pings are sent, as by a browser whose page is at rest."""
    began = monotonic()
    try:
        with WebSocket(target, "format=json", headers) as opened:
            if not opened.answer.is_accepted:
                told = f"a second connection is refused: {opened.answer.status}"
                yield problem("silence", told, "raise CONNECTIONS_PER_ADDRESS")
                return
            began = monotonic()
            pings = _wait(opened, began + seconds, lambda: progress(monotonic() - began))
    except (OSError, ClientError) as failed:
        yield problem(
            "silence",
            f"the connection ended after {monotonic() - began:.1f} s: {failed}",
            "raise the time limit for silence of the proxy above PING_INTERVAL "
            "(nginx: proxy_read_timeout 75s)",
        )
        return
    yield ok("silence", f"{seconds:g} s survived, with {pings} pings of the server")


def _wait(opened: WebSocket, end: float, progress: Callable[[], None]) -> int:
    pings = 0
    while (now := monotonic()) < end:
        heard = opened.next(min(end, now + STEP))
        pings += heard is not None and heard.kind == PING
        progress()
    return pings
