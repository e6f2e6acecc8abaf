"""One request with a webhook: it is bounded in time, follows no redirect, and reads no answer."""

import ssl
from collections.abc import Mapping
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import gevent

from common.errors import MessageCenterError

SECONDS = 4.0  # For all of it, also to find the host: less than the lease of the sender.


class NotTaken(MessageCenterError):
    """A backend has not taken a webhook; why."""


def post(url: str, headers: Mapping[str, str], body: bytes, seconds: float = SECONDS) -> None:
    """Send it; it was taken if this comes back.

    Raises:
        NotTaken: it was not, or nobody knows.
    """
    try:
        with gevent.Timeout(seconds, NotTaken(f"no answer within {seconds:g} s")):
            status = _status(url, headers, body, seconds)
    except (OSError, HTTPException, ValueError) as problem:
        raise NotTaken(_named(problem)) from None
    if not 200 <= status < 300:
        raise NotTaken(f"it answered {status}")


def _status(url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> int:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, seconds)
    try:
        connection.request("POST", target, body, dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None, seconds: float) -> HTTPConnection:
    if scheme == "https":
        return HTTPSConnection(host, port, timeout=seconds, context=_trusted())
    return HTTPConnection(host, port, timeout=seconds)


def _named(problem: Exception) -> str:
    """What is known of it, without anything of the address or of what the backend has said."""
    known = getattr(problem, "verify_message", None) or getattr(problem, "strerror", None)
    name = type(problem).__name__
    return f"{name}: {known}" if known else name


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()  # To read all certificates takes some milliseconds.
