"""The handshake of a WebSocket through what is in between, a ping, and pages of other sites."""

from collections.abc import Iterator, Mapping
from time import monotonic, perf_counter

from config.cli.doctor.finding import Finding, note, ok, problem
from config.cli.doctor.route import Broken, Target
from config.cli.doctor.websocket import MESSAGE, PONG, Answer, WebSocket, headers_for
from message_center_client.errors import ClientError, Refused, fields_of

WELCOME_TIMEOUT = PONG_TIMEOUT = 5.0  # Seconds.
STRANGER = "https://doctor.invalid"  # No page can have it (RFC 6761).
UPGRADE_ADVICE = (
    "nginx: proxy_http_version 1.1, proxy_set_header Upgrade $http_upgrade and Connection "
    '"upgrade"; files to copy are in docs/proxy'
)
ADVICE = {
    401: "give --token, or a right one",
    403: "give --origin of a page that may listen, or a token that grants it",
    404: "correct the path: the proxy leads it elsewhere",
    429: "come back later, or raise CONNECTIONS_PER_ADDRESS; behind a proxy set TRUSTED_PROXIES",
    502: "start message-center ws, and let the proxy lead to its port",
    503: "see its /readyz and its log: Redis, MAX_CONNECTIONS",
    504: "let the proxy lead to the port of message-center ws, and open the firewall between them",
}


def upgrade_findings(target: Target, headers: Mapping[str, str]) -> Iterator[Finding]:
    """Whether a WebSocket is opened, and answers a ping.

    Raises:
        Broken: it is not.
    """
    try:
        with WebSocket(target, "format=json", headers) as opened:
            yield judged(opened.answer)
            if not opened.answer.is_accepted:
                raise Broken
            yield _welcome(opened)
            yield _ping(opened)
    except (OSError, ClientError) as failed:
        yield problem("websocket", f"the connection fails: {failed}", "look at the proxy's log")
        raise Broken from failed


def origin_findings(target: Target, token: str | None) -> Iterator[Finding]:
    """Whether a page of any site may listen."""
    try:
        with WebSocket(target, "format=json", headers_for(token, STRANGER)) as opened:
            answer = opened.answer
    except (OSError, ClientError) as failed:
        yield problem("origins", f"the connection fails: {failed}", "look at the proxy's log")
        return
    if answer.is_accepted:
        yield note(
            "origins",
            "pages of any site may listen",
            "set ALLOWED_ORIGINS to the sites whose pages listen",
        )
    elif fields_of(answer.body).get("error") == "origin_forbidden":
        yield ok("origins", "a page of another site is refused")
    else:
        yield note("origins", f"a page of another site is refused: {_told(answer)}")


def judged(answer: Answer) -> Finding:
    """What the answer to a handshake means."""
    if answer.is_accepted:
        return ok("upgrade", "passed on: 101 with the right accept")
    if answer.status == 101:
        return problem(
            "upgrade",
            "101 with a wrong Sec-WebSocket-Accept: something in between answers by itself",
            "lead the path to message-center ws",
        )
    error = fields_of(answer.body).get("error")
    if error == "upgrade_required" or (not error and answer.status in (400, 426)):
        return problem("upgrade", f"not passed on by the proxy: {_told(answer)}", UPGRADE_ADVICE)
    if 200 <= answer.status < 400:
        told = f"something else answers: {_told(answer)}"
        return problem("upgrade", told, "lead this path to the port of message-center ws")
    if error == "wrong_port":
        return problem("upgrade", _told(answer), "lead the path to WS_PORT of message-center ws")
    reached = "the server refuses" if error else "refused on the way"
    advice = ADVICE.get(answer.status, "look at the log of the proxy and of message-center ws")
    return problem("upgrade", f"{reached}: {_told(answer)}", advice)


def _told(answer: Answer) -> str:
    by = f" by {answer.server}" if answer.server else ""
    return f"{Refused.read(answer.status, answer.body)}{by}"


def _welcome(opened: WebSocket) -> Finding:
    end = monotonic() + WELCOME_TIMEOUT
    while (heard := opened.next(end)) is not None:
        if heard.kind == MESSAGE:
            if fields_of(heard.text.encode()).get("type") == "welcome":
                return ok("server", "is a message-center")
            break
    return problem(
        "server",
        "sends no welcome: it is no message-center, or what it sends is held back",
        "lead the path to message-center ws, and let the proxy buffer nothing",
    )


def _ping(opened: WebSocket) -> Finding:
    began, end = perf_counter(), monotonic() + PONG_TIMEOUT
    opened.ping()
    while (heard := opened.next(end)) is not None:
        if heard.kind == PONG:
            return ok("ping", f"answered in {(perf_counter() - began) * 1000:.1f} ms")
    return problem(
        "ping", "not answered within 5 s", "let the proxy pass on control frames (RFC 6455 5.5)"
    )
