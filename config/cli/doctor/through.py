"""One message through everything: pushed to a channel that only the doctor listens to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from time import monotonic, perf_counter
from uuid import uuid4

from config.cli.doctor.finding import Finding, note, ok, problem
from config.cli.doctor.route import Target
from config.cli.doctor.websocket import MESSAGE, WebSocket
from message_center_client import Client, NotConfirmed, Refused
from message_center_client.errors import ClientError, fields_of

PATIENCE = 10.0  # Seconds for the push, and for the message to arrive.


@dataclass(frozen=True)
class Pushing:
    """Where the HTTP API is, and the token for it."""

    url: str
    token: str | None


def through_findings(
    target: Target, headers: Mapping[str, str], pushing: Pushing | None
) -> Iterator[Finding]:
    """Whether it arrives, and after how long."""
    if pushing is None:
        yield note("message", "none was pushed", "give --push-url, and --push-token, to try it")
        return
    channel = f"doctor:{uuid4().hex}"
    try:
        with WebSocket(target, f"format=json&channels={channel}", headers) as opened:
            if not opened.answer.is_accepted:
                refused = Refused.read(opened.answer.status, opened.answer.body)
                do = "give a --token that grants doctor:*, or see `upgrade`"
                yield note("message", f"may not listen to {channel}: {refused}", do)
                return
            yield _push(opened, channel, pushing)
    except (OSError, ClientError) as failed:
        yield problem("message", f"the connection fails: {failed}", "look at the proxy's log")


def _push(opened: WebSocket, channel: str, pushing: Pushing) -> Finding:
    began = perf_counter()
    with Client(pushing.url, token=pushing.token, patience=PATIENCE) as client:
        try:
            client.push("doctor", channels=[channel])
        except Refused as refused:
            return problem("message", f"the push is refused: {refused}", _advice(refused))
        except (NotConfirmed, OSError, HTTPException) as failed:
            return problem("message", f"the push fails: {failed}", "correct --push-url")
    end = monotonic() + PATIENCE
    while (heard := opened.next(end)) is not None:
        if heard.kind == MESSAGE and fields_of(heard.text.encode()).get("channel") == channel:
            passed = (perf_counter() - began) * 1000
            return ok("message", f"arrived {passed:.0f} ms after it was pushed")
    return problem(
        "message",
        f"was pushed, and has not arrived within {PATIENCE:g} s",
        "see that both servers have the same REDIS_URL and MESSAGE_CENTER_KEY, and that "
        "POLL_INTERVAL is short",
    )


def _advice(refused: Refused) -> str:
    if refused.status in (401, 403):
        return "give a right --push-token"
    return "correct --push-url: it is the address of the HTTP API"
