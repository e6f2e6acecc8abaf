"""Which bytes are a plain request. It knows no socket and refuses nothing: it only says no.

A plain request is one that every reader of HTTP understands in the same way. This is a list of
what is certain, no parser with leniencies: whatever is not on it, the web server reads and
answers. So a header that is folded, a bare LF, a NUL, a space before a colon, a second
Content-Length or a Transfer-Encoding can never be read in two ways.
"""

import re
from functools import lru_cache
from typing import Any

LONGEST_HEAD = 4096  # Bytes; longer ones are rare, and gunicorn's own limits are larger.
MOST_FIELDS = 99  # And the length of the body: gunicorn refuses more.
KEPT_HEADS = 256  # Of one backend all heads are the same, but for the length of the body.
LENGTH_LINES = (b"\r\nContent-Length: ", b"\r\ncontent-length: ")  # As programs write it.

# Possessive throughout: nothing of a head is looked at twice, whatever is in it.
LINE = re.compile(rb"(GET|POST) (/[A-Za-z0-9/._-]*+)(?:\?([!-\"$-~]*+))?+ HTTP/1\.1\r\n")
HEAD = re.compile(LINE.pattern + rb"((?:[A-Za-z0-9-]++: ?+[!-~][ -~]*+\r\n)++)\r\n")
FIELD = re.compile(r"([A-Za-z0-9-]+): ?(.*)\r\n")
HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")
LONGEST_LENGTH = 9  # Digits.

# What changes how a request is read or answered, and is not understood here.
NOT_PLAIN = frozenset(
    (
        "content-encoding",
        "content-length",  # A second one, or one that is written in a strange way.
        "expect",
        "http2-settings",
        "keep-alive",
        "path-info",
        "proxy-connection",
        "script-name",
        "te",
        "trailer",
        "transfer-encoding",
    )
)
# If one of these stands twice, which one counts is a matter of taste.
SINGLE = frozenset(
    (
        "authorization",
        "connection",
        "content-type",
        "host",
        "idempotency-key",
        "last-event-id",
        "origin",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "upgrade",
        "x-forwarded-for",
        "x-request-id",
    )
)
# What `Connection` may say; the second is what Firefox sends.
KEPT_OR_CLOSED = frozenset(("keep-alive", "close"))
UPGRADES = frozenset(("upgrade", "keep-alive, upgrade"))


class Head:
    """The head of a plain request, without the length of its body.

    It is kept, and is the head of the next request with the same bytes, too: so nothing of it may
    be changed, except what `kept` is for.
    """

    __slots__ = ("headers", "is_last", "is_upgrade", "kept", "method", "path", "query")

    def __init__(self, method: str, path: str, query: bytes, headers: dict[str, str]) -> None:
        """Names of headers are in small letters."""
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        # Its connection ends with it, by the client's will.
        self.is_last = headers.get("connection", "").lower() == "close"
        self.is_upgrade = "upgrade" in headers  # Whether the handshake is right is not looked at.
        self.kept: Any = None  # What the application has found out about it.


def may_become_plain(data: bytes) -> bool:
    """Whether these first bytes, which are no whole head, can still be those of a plain one."""
    if len(data) >= LONGEST_HEAD:
        return False
    if b"\n" in data:
        return LINE.match(data) is not None
    return b"POST /".startswith(data[:6]) or b"GET /".startswith(data[:5])


@lru_cache(KEPT_HEADS)
def read_head(data: bytes) -> tuple[Head, int] | None:
    """The head that these bytes are, with the empty line at its end, and the length of its body.

    None if it is not plain.
    """
    at = data.find(LENGTH_LINES[0])
    if at < 0 and (at := data.find(LENGTH_LINES[1])) < 0:
        head = _read(data)
        return None if head is None else (head, 0)
    start = at + len(LENGTH_LINES[0])
    end = data.find(b"\r\n", start)
    digits = data[start:end]
    head = _read(data[:at] + data[end:])
    if head is None or head.method == "GET" or not _is_length(digits):
        return None
    return head, int(digits)


def _is_length(digits: bytes) -> bool:
    is_number = digits.isdigit() and len(digits) <= LONGEST_LENGTH
    return is_number and (digits[:1] != b"0" or digits == b"0")


@lru_cache(KEPT_HEADS)
def _read(data: bytes) -> Head | None:
    found = HEAD.fullmatch(data)
    if found is None:
        return None
    method, path, query, lines = found.groups()
    if b" \r\n" in lines:
        return None
    fields = FIELD.findall(lines.decode("ascii"))
    headers = {name.lower(): value for name, value in fields}
    if len(headers) != len(fields) and not _only_others_repeat(fields):
        return None
    if len(fields) > MOST_FIELDS or not _is_understood(method, headers):
        return None
    return Head(method.decode(), path.decode(), query or b"", headers)


def _is_understood(method: bytes, headers: dict[str, str]) -> bool:
    if not NOT_PLAIN.isdisjoint(headers) or not HOST.fullmatch(headers.get("host", "")):
        return False
    upgrade, connection = headers.get("upgrade"), headers.get("connection", "keep-alive").lower()
    if upgrade is None:
        return connection in KEPT_OR_CLOSED
    return method == b"GET" and upgrade.lower() == "websocket" and connection in UPGRADES


def _only_others_repeat(fields: list[tuple[str, str]]) -> bool:
    names = [name.lower() for name, _ in fields if name.lower() in SINGLE]
    return len(names) == len(set(names))
