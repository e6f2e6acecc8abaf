"""How a script listens: an iterator of messages that goes on where it was cut.

It starts no thread: it reads when it is asked for the next message. If that takes so long that
the server gives the connection up, it comes back by the id of the last message.
"""

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from typing import Self

from message_center_client.address import Address
from message_center_client.backoff import Backoff
from message_center_client.client import checked_token
from message_center_client.errors import ClientError, Closed, NotUnderstood, Refused
from message_center_client.message import Gap, Message, Notice, read
from message_center_client.websocket import receive

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0  # Seconds between two tries to connect.
LONGEST_RETRY_AFTER = 600.0
MOST_FRAME = 128 * 1024 * 1024  # Characters.

PASSING = (408, 425, 429)  # Of the statuses below 500; those from there on may pass, too.
# Codes after which the same client would be sent away again (docs/reference.md, "Close codes").
FOR_GOOD = (1002, 1003, 1007, 1008, 1009, 1010, 4003)
TOKEN_EXPIRED = 4001
LOST_PLACE = 4008

Token = str | Callable[[], str] | None
logger = logging.getLogger("message_center_client")


class Listener(Iterator[Message]):
    """The messages of one listener, for one thread; `close` can be called by another one.

    Override `on_gap`, `on_connect` and `on_cut` to be told. `last_id` is where it is: give it to
    the next one, and nothing is missing between the two. `connection` is the id of the connection
    that it has, another one after each cut: a push with it as `except_` is not for this listener.
    """

    def __init__(
        self,
        url: str = "ws://127.0.0.1:2345/",
        *,
        channels: Iterable[str] | None = None,
        token: Token = None,
        last: int | None = None,
        last_id: str = "",
    ) -> None:
        self._url = Address(url, channels)
        self._token = token
        self._last = last
        self.last_id = last_id
        self.connection = ""
        self._backoff = Backoff(FIRST_WAIT, LONGEST_WAIT)
        self._is_closed = threading.Event()
        self._socket: socket.socket | None = None
        self._was_unauthorized = False
        self._messages = self._listen()
        if isinstance(token, str):
            checked_token(token)

    def on_connect(self) -> None:
        """It is connected."""

    def on_cut(self, problem: Exception, pause: float) -> None:
        """The connection, or the try to connect, has failed; the next try is in `pause` seconds."""
        logger.info("not connected, trying again in %.1f s: %s", pause, problem)

    def on_gap(self, gap: Gap) -> None:
        """Messages are missing here, between the one before and the next one."""
        logger.warning("messages are missing: %s", gap.reason)

    def __next__(self) -> Message:
        return next(self._messages)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ended: object) -> None:
        self.close()
        self._messages.close()

    def close(self) -> None:
        """End the iteration, also one that waits in another thread."""
        self._is_closed.set()
        if self._socket is not None:
            with suppress(OSError):
                # Not that of TLS, which would say goodbye while another thread reads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _listen(self) -> Generator[Message]:
        while not self._is_closed.is_set():
            problem = yield from self._until_cut()
            if self._is_closed.is_set():
                return
            pause = self._backoff.pause(self._stay_away(problem))
            self.on_cut(problem, pause)
            self._is_closed.wait(pause)

    def _until_cut(self) -> Generator[Message, None, Exception]:
        """The messages of one connection; why it has ended."""
        frame = ""
        with closing(self._receive()) as pieces:
            while True:
                try:  # Around this only: what a hook or the caller raises is theirs.
                    piece = next(pieces)
                except (ClientError, OSError) as problem:
                    return problem
                if piece is None:
                    self.on_connect()
                    continue
                if isinstance(piece, bytes) or len(frame) > MOST_FRAME:
                    raise NotUnderstood("message-center sends no such frames")
                frame += piece
                if frame.endswith("\n"):  # JSON has none within it.
                    found, frame = read(frame), ""
                    yield from self._take(found)

    def _receive(self) -> Generator[str | bytes | None]:
        token = self._token() if callable(self._token) else self._token
        headers = {} if token is None else {"Authorization": f"Bearer {checked_token(token)}"}
        url = self._url.starting(self._last, self.last_id)
        yield from receive(url, headers, self._keep)

    def _keep(self, sock: socket.socket) -> None:
        self._socket = sock
        if self._is_closed.is_set():
            self.close()

    def _take(self, found: Message | Gap | Notice) -> Iterator[Message]:
        self.last_id = found.id or self.last_id
        match found:
            case Message():
                yield found
            case Gap():
                self.on_gap(found)
            case Notice(kind="welcome"):
                self.connection = found.connection
                self._backoff.reset()
                self._was_unauthorized = False

    def _stay_away(self, problem: Exception) -> float:
        """For how many seconds at least; raises `problem` if to come back would be no use."""
        match problem:
            case Closed(code=code):
                is_for_good = code in FOR_GOOD or (
                    code == TOKEN_EXPIRED and not callable(self._token)
                )
                if code == LOST_PLACE:
                    self._lose_place(problem.reason)
            case Refused():
                is_for_good = not self._may_pass(problem)
            case _:
                is_for_good = isinstance(problem, ssl.SSLCertVerificationError)
        if is_for_good:
            raise problem
        at_least = problem.retry_after if isinstance(problem, Refused) else 0.0
        return min(at_least, LONGEST_RETRY_AFTER)

    def _lose_place(self, reason: str) -> None:
        gap = Gap("", self.last_id, reason)
        self.last_id = ""
        self.on_gap(gap)

    def _may_pass(self, refused: Refused) -> bool:
        if refused.status == 401 and callable(self._token):
            # It may have expired on its way here. The second new one in turn is no accident.
            first, self._was_unauthorized = not self._was_unauthorized, True
            return first
        return refused.status >= 500 or refused.status in PASSING


class _Telling(Listener):
    """One that tells a function of gaps."""

    tell: Callable[[Gap], None]

    def on_gap(self, gap: Gap) -> None:
        self.tell(gap)


def listen(
    url: str = "ws://127.0.0.1:2345/",
    *,
    channels: Iterable[str] | None = None,
    token: Token = None,
    last: int | None = None,
    last_id: str = "",
    on_gap: Callable[[Gap], None] | None = None,
) -> Listener:
    """Messages, one after the other, for ever; what is cut goes on where it was.

    `token` can be a function, which is asked at each connect. `last` begins with so many of the
    newest messages, `last_id` after the message of this id. Iterating raises:

        Refused, Closed: the server does not want this listener; to come back would be no use.
        NotUnderstood: what answers is no message-center.
    """
    if on_gap is None:
        return Listener(url, channels=channels, token=token, last=last, last_id=last_id)
    listener = _Telling(url, channels=channels, token=token, last=last, last_id=last_id)
    listener.tell = on_gap
    return listener
