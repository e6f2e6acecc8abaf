"""`/events` through what is in between: whether it comes at once, and as it was sent."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse
from time import monotonic

from config.cli.doctor.finding import Finding, note, ok, problem
from config.cli.doctor.route import Target
from config.public_url import events_url
from message_center_client.errors import Refused

ANSWER_TIMEOUT = 5.0  # Seconds.
SOON = 1.0
KIND = "text/event-stream"
NO_BUFFER = "let the proxy neither buffer nor compress it (nginx: proxy_buffering off, gzip off)"
ASKED = {"Accept": KIND, "Accept-Encoding": "gzip, deflate, br"}  # As a browser does.


def stream_findings(target: Target, headers: Mapping[str, str]) -> Iterator[Finding]:
    """Whether it is answered, and what it begins with arrives."""
    path = events_url(f"ws{target.path}")[len("http") :]
    connection = HTTPConnection(target.netloc)
    began = monotonic()
    try:
        connection.sock = target.connect()
        connection.sock.settimeout(ANSWER_TIMEOUT)
        with closing(connection):
            where = f"{path}?{target.query}" if target.query else path
            connection.request("GET", where, headers={**ASKED, **headers})
            answer = connection.getresponse()
            yield _head(answer) or _beginning(answer, began)
    except TimeoutError:
        told = f"{path} has answered nothing for {ANSWER_TIMEOUT:g} s: it is held back"
        yield problem("events", told, NO_BUFFER)
    except (OSError, HTTPException) as failed:
        told = f"{path} fails: {str(failed) or type(failed).__name__}"
        yield problem("events", told, f"lead {path} to message-center ws")


def _head(answer: HTTPResponse) -> Finding | None:
    """None if it is as it should be."""
    kind = answer.headers.get("Content-Type", "")
    if answer.status != 200:
        refused = Refused.read(answer.status, answer.read(4096))
        if refused.error in ("unauthorized", "forbidden", "origin_forbidden"):
            return note("events", f"refused: {refused}", "give a right --token and --origin")
        return problem("events", f"refused: {refused}", "lead /events to message-center ws")
    if not kind.startswith(KIND):
        told = f"something else answers, in {kind or 'nothing'}"
        return problem("events", told, "lead /events to message-center ws")
    if coding := answer.headers.get("Content-Encoding"):
        return problem("events", f"compressed on the way ({coding})", NO_BUFFER)
    return None


def _beginning(answer: HTTPResponse, began: float) -> Finding:
    lines = []
    try:
        while line := answer.readline(65_536).decode(errors="replace").strip():
            lines.append(line)
            if line.startswith(":"):
                return note("events", f"nobody is taken now{line[1:]}", "see /readyz")
    except TimeoutError:
        return problem("events", "buffered: its beginning does not arrive", NO_BUFFER)
    passed = monotonic() - began
    if "event: welcome" not in lines and not any(line.startswith("data:") for line in lines):
        return problem("events", "begins without a welcome", "lead /events to message-center ws")
    if passed > SOON:
        return problem("events", f"buffered: its beginning took {passed:.1f} s", NO_BUFFER)
    return ok("events", f"not buffered: its beginning took {passed * 1000:.0f} ms")
