"""Connections to the HTTP API that are kept open between requests.

It tries nothing again, follows no redirect, and goes through no proxy of the environment, whose
owner is not to get a token and what is pushed.
"""

import os
import select
import ssl
from collections import deque
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import NamedTuple
from urllib.parse import urlsplit

MOST_IDLE = 16
MOST_ANSWER = 16 * 1024 * 1024  # Bytes.


class Answer(NamedTuple):
    """Of HTTP; `retry_after` is empty if there is none."""

    status: int
    body: bytes
    retry_after: str


class Connections:
    """To one server. Several threads may ask at once: each takes a connection of its own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError("it must be http://host:port or https://host:port")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("no name, password, ? or # can stand in it")
        self._host, self._port = parts.hostname, parts.port
        self._base = parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._idle: deque[HTTPConnection] = deque()  # Its methods need no lock.
        self._pid = os.getpid()

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> Answer:
        """One request, and its answer; each step of it may take `timeout` seconds.

        Raises:
            OSError, http.client.HTTPException: there is no answer, whatever was done.
        """
        connection = self._take()
        try:
            connection.timeout = timeout
            if connection.sock:
                connection.sock.settimeout(timeout)
            connection.request(method, self._base + path, body, dict(headers))
            response = connection.getresponse()
            read = _whole(response)
            is_kept = response.isclosed() and not response.will_close
            answer = Answer(response.status, read, response.headers.get("Retry-After", ""))
        except BaseException:
            connection.close()
            raise
        if is_kept and len(self._idle) < MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Those that are idle; a request that is under way goes on."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> HTTPConnection:
        if self._pid != os.getpid():  # A fork: they are the parent's, which can go on with them.
            self.close()
            self._pid = os.getpid()
        while self._idle:
            try:
                connection = self._idle.pop()  # The one last used is the likeliest to be open.
            except IndexError:  # Another thread was faster.
                break
            if connection.sock and not _has_ended(connection):
                return connection
            connection.close()
        if self._tls:
            return HTTPSConnection(self._host, self._port, context=self._tls)
        return HTTPConnection(self._host, self._port)


def _has_ended(connection: HTTPConnection) -> bool:
    """Whether the server has closed it meanwhile: nothing else can be there to read."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _whole(response: HTTPResponse) -> bytes:
    """The body of an answer. Python takes one that is cut for a whole one in two cases.

    Raises:
        HTTPException: it is cut.
    """
    has_end = response.length is not None or response.chunked
    read = response.read(MOST_ANSWER)
    # Cut in the body; or in the head of a success, which then is one without a length.
    if response.length or (response.status == 200 and not has_end):
        raise IncompleteRead(read, response.length)
    return read
