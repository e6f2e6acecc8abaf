"""One connection of the door: an object with one watcher.

    READING   bytes are read until they are a whole plain request
    WORKING   the application has it; what arrives meanwhile is kept, up to a bound
    SENDING   the kernel has not taken the whole answer
    GONE      closed, or given to somebody else with all that was read and not answered

READING -> WORKING -> (SENDING ->) READING, and so on; from each of them to GONE. Requests that
follow without a pause are answered one after the other, so their answers have their order.
"""

import logging
from enum import Enum, auto
from time import monotonic
from typing import Any, Protocol

import gevent

from common.serving.door.answer import Answer, PlainApplication, Writer
from common.serving.door.plain import LONGEST_HEAD, Head, may_become_plain, read_head
from common.serving.door.stream import Stream

log = logging.getLogger(__name__)

LONGEST_BODY = 64 * 1024  # As much as is held of each request without being counted.
MOST_AHEAD = LONGEST_HEAD + LONGEST_BODY
SLICE = 0.002  # Seconds for the requests of one connection, until others have a turn.


class State(Enum):
    """See above."""

    READING = auto()
    WORKING = auto()
    SENDING = auto()
    GONE = auto()


# Read some ten times a request, and an enumeration takes three times as long to ask.
READING, WORKING, SENDING, GONE = State


class Place(Protocol):
    """What a connection has around it; one for all of them."""

    application: PlainApplication
    writer: Writer
    header_timeout: float
    request_timeout: float
    is_scarce: bool  # Nobody keeps a connection between two requests.

    def leave(self, connection: "Connection") -> None:
        """It is closed, or the application's."""

    def hand_over(self, connection: "Connection", early: bytes) -> None:
        """The web server is to go on with its socket; `early` has been read of it."""


class Connection(Stream):
    """One client, with what `sockets_to_cut` decides by."""

    __slots__ = (
        "_head",
        "_head_size",
        "_is_last",
        "_is_serving",
        "_length",
        "_place",
        "counted",
        "deadline",
        "is_idle",
        "peer",
        "since",
        "state",
    )

    def __init__(self, place: Place, socket: Any, peer: Any, counted: str) -> None:
        """`counted` is for who counts."""
        super().__init__(socket)
        self._place = place
        self.peer = peer
        self.counted = counted
        self.state = READING
        self.since = monotonic()  # Since when it has completed nothing.
        self.is_idle = False  # Between two requests.
        self.deadline = self.since + place.header_timeout
        self._head: Head | None = None  # Of the request whose body is awaited or answered.
        self._head_size = self._length = 0  # Its size, and that of the body.
        self._is_last = False  # The connection ends with the answer that is being sent.
        self._is_serving = False
        # Mostly a request has come with the connection. The loop would tell of many in any order.
        gevent.get_hub().loop.run_callback(self._begin)

    @property
    def address(self) -> str:
        """Of its client."""
        return str(self.peer[0])

    @property
    def is_waited_for(self) -> bool:
        """Whether it has to send or to read something: we are not at work."""
        return self.state in (READING, SENDING)

    @property
    def is_under_way(self) -> bool:
        """Whether a request is, of which the head has been read."""
        return self._head is not None

    def close(self) -> None:
        """End it; nothing more is sent."""
        if self._end():
            self.socket.close()
            self._place.leave(self)

    def release(self) -> tuple[Any, bytes]:
        """Give the socket of the request to be answered to whoever asks, with what follows it."""
        self._end()
        self._place.leave(self)
        return self.socket, self._data

    def _end(self) -> bool:
        if self.state is GONE:
            return False
        self.state = GONE
        self._end_watching()
        return True

    def _hand_over(self) -> None:
        if self._end():
            self._place.hand_over(self, self._data)

    def _begin(self) -> None:
        if self.state is not GONE:
            self._read()

    def _has_read(self) -> None:
        if len(self._data) > MOST_AHEAD:
            self._read_no_more()
        if self.state is READING:
            self._serve()

    def _serve(self) -> None:
        """Answer what has been read, as long as there is a whole request."""
        now = monotonic()
        end = now + SLICE
        if self.is_idle and self._data:
            self.is_idle, self.since = False, now
        self._is_serving = True
        try:
            while self.state is READING and self._data and self._serve_one(now):
                if self._data and (now := monotonic()) > end:
                    gevent.get_hub().loop.run_callback(self._serve)
                    return
        finally:
            self._is_serving = False
        if self.state is READING:
            self._go_on()

    def _go_on(self) -> None:
        """There is no whole request."""
        if not self._is_ended:
            self._read_on()
        elif self._data:
            self._hand_over()  # What is half of a request, the web server knows to answer.
        else:
            self.close()

    def _serve_one(self, now: float) -> bool:
        """Whether to look for another: not while part of one is awaited, or it is answered."""
        head = self._head or self._read_head(now)
        data = self._data
        if head is None or len(data) < (size := self._head_size + self._length):
            return False
        body, self._data = data[self._head_size : size], data[size:]
        self.state = WORKING
        if not self._is_answered(head, body):
            self._data = data
            self._hand_over()
        return True

    def _is_answered(self, head: Head, body: bytes) -> bool:
        """False if the web server is to answer, as it does after a failure of the application."""
        try:
            return self._place.application.answer(head, body, self, self._done)
        except Exception:
            log.exception("%s of a plain request failed", head.method)
            return self.state is not WORKING

    def _read_head(self, now: float) -> Head | None:
        """The next one, if it is whole. What is not plain is handed over."""
        data = self._data
        self._head_size = size = data.find(b"\r\n\r\n", 0, LONGEST_HEAD) + 4
        if size < 4:
            if not may_become_plain(data):
                self._hand_over()
            return None
        found = read_head(data[:size])
        if found is None or not self._is_taken(*found):
            self._hand_over()
            return None
        self._head, self._length = found
        self.deadline = now + self._place.request_timeout
        return self._head

    def _is_taken(self, head: Head, length: int) -> bool:
        if length > LONGEST_BODY:
            return False
        is_whole = len(self._data) >= self._head_size + length
        return self._place.application.takes(head, length, is_whole=is_whole)

    def _done(self, answer: Answer) -> None:
        if self.state is not WORKING:
            return  # It has been closed meanwhile.
        self._is_last = self._place.is_scarce or (self._head is not None and self._head.is_last)
        self.state = SENDING
        self._send(self._place.writer.write(answer, is_last=self._is_last))

    def _has_sent(self) -> None:
        """The answer: the next request may be there already."""
        if self._is_last:
            self.close()
            return
        self._head = None
        self.state = READING
        self.since, self.is_idle = monotonic(), not self._data
        self.deadline = self.since + self._place.header_timeout
        if self._is_serving:
            return
        if self._data:
            self._serve()
        else:
            self._go_on()
