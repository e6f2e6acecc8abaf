"""What a client sends, as events: RFC 6455 through wsproto, with a limit on messages.

Bytes in, events out; no sockets. Fragments are joined; whatever breaks the
protocol comes out as a `Failed` with the close code that it calls for.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason

from common.bucket import Bucket

PONG, TEXT = 0x8A, 0x81  # Of frames that are whole.
SHORT = 126  # Bytes; no control frame has as many (RFC 6455 5.5).
HEAD = 6  # Bytes before the payload: two, and the mask.
BAD_GATEWAY = 1014  # Registered with IANA since RFC 6455; wsproto takes it for a breach.
MASKED_CLOSE, MASK_BIT, LONGEST_CLOSE = 0x88, 0x80, 125


@dataclass(frozen=True, slots=True)
class Pinged:
    """To be answered with a pong of the same payload."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Ponged:
    """The answer to a ping with this payload, or to none."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """A whole message, its fragments joined."""

    data: str | bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The client closes; to be answered with the same code."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The client broke a rule: close with this code."""

    code: int
    reason: str


Inbound = Pinged | Ponged | Received | Closed | Failed


def take_pongs(data: bytes) -> tuple[list[bytes], bytes]:
    """The payloads of the whole pongs that `data` begins with, and what follows them.

    They are nearly all that listeners say, and need no parser. `data` begins with a frame.
    """
    size = len(data) - HEAD
    if 0 <= size < SHORT and data[0] == PONG and data[1] == MASK_BIT + size:  # Nearly always.
        return [_unmask(data[HEAD:], data[2:HEAD])], b""
    payloads, at = [], 0
    while len(data) - at >= HEAD and data[at] == PONG and data[at + 1] >= MASK_BIT:
        length = data[at + 1] - MASK_BIT
        end = at + HEAD + length
        if length >= SHORT or end > len(data):
            break
        payloads.append(_unmask(data[at + HEAD : end], data[at + 2 : at + HEAD]))
        at = end
    return payloads, data[at:]


def take_texts(
    data: bytes, most_bytes: int, most: int | None = None
) -> tuple[list["Inbound"], bytes]:
    """The whole text messages that `data` begins with, and what follows them; as `take_pongs`.

    `most`: so many at most.

    A client that says something now and then needs no parser either, which takes 2 kB.
    """
    found, at = list[Inbound](), 0
    while (
        len(data) - at >= HEAD
        and data[at] == TEXT
        and data[at + 1] >= MASK_BIT
        and len(found) != most
    ):
        length, start = data[at + 1] - MASK_BIT, at + HEAD
        if length == SHORT:
            length, start = int.from_bytes(data[at + 2 : at + 4]), at + HEAD + 2
        end = start + length
        is_odd = (length >= SHORT) is not (
            start > at + HEAD
        )  # Its length has 8 bytes, or too many.
        if is_odd or length > most_bytes or end > len(data):
            break
        try:
            text = _unmask(data[start:end], data[start - 4 : start]).decode()
        except UnicodeDecodeError:
            break
        found.append(Received(text))
        at = end
    return found, data[at:]


def take_plain(data: bytes, most_bytes: int) -> tuple[list["Inbound"], bytes]:
    """The whole text messages and pongs that `data` begins with, and what follows them."""
    found, left = list[Inbound](), b""
    while data and data != left:
        left = data
        texts, data = take_texts(data, most_bytes)
        pongs, data = take_pongs(data)
        found += [*texts, *map(Ponged, pongs)]
    return found, data


def _unmask(masked: bytes, mask: bytes) -> bytes:
    size = len(masked)
    if not size:
        return masked
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(masked) ^ int.from_bytes(key)).to_bytes(size)


def ends_with_bad_gateway(data: bytes) -> bool:
    """Whether the last frame of `data` closes with 1014."""
    frame = _last_close(data)
    code = bytes(byte ^ mask for byte, mask in zip(frame[6:8], frame[2:4], strict=False))
    return int.from_bytes(code) == BAD_GATEWAY


def is_close(data: bytes) -> bool:
    """Whether `data`, which begins with a frame, is one that closes, and nothing else."""
    return len(data) >= HEAD and data[0] == MASKED_CLOSE and data[1] == MASK_BIT | len(data) - HEAD


def ends_with_close(data: bytes) -> bool:
    """Whether the last frame of `data` closes. Nothing may follow it (RFC 6455 5.5.1)."""
    return _last_close(data) != b""


def _last_close(data: bytes) -> bytes:
    for length in range(LONGEST_CLOSE + 1):
        frame = data[-HEAD - length :]
        if frame[:2] == bytes([MASKED_CLOSE, MASK_BIT | length]):
            return frame
    return b""


class Reader:
    """The reading half of one connection; made when its client first says something."""

    def __init__(self, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._protocol = Connection(ConnectionType.SERVER)
        self._begun = bytearray()  # Of a list, each tiny fragment would take some 50 bytes.
        self._is_over = False
        self.bucket: Bucket | None = None  # How often its client may say something, if limited.

    def receive(self, data: bytes) -> Iterator[Inbound]:
        """The events that `data` completes; none follows a `Closed` or `Failed`."""
        if self._is_over:
            return
        self._protocol.receive_data(data)
        for event in self._protocol.events():
            outcome = self._outcome(event)
            if isinstance(outcome, Failed) and ends_with_bad_gateway(data):
                outcome = Closed(BAD_GATEWAY, "")
            if outcome is not None:
                yield outcome
            if isinstance(outcome, Closed | Failed):
                self._is_over = True
                return

    def close(self) -> None:
        """Nothing more is read: its memory is free at once.

        wsproto's parser is a generator that refers to itself. Left to the collector, those of all
        clients that have come and gone would be kept for hours: what has lived long is looked
        through seldom.
        """
        with suppress(AttributeError):  # Another wsproto may have it elsewhere.
            self._protocol._proto._parse_more.close()

    def _outcome(self, event: Event) -> Inbound | None:
        match event:
            case TextMessage() | BytesMessage():
                return self._join(event)
            case Ping():
                return Pinged(bytes(event.payload))
            case Pong():
                return Ponged(bytes(event.payload))
            case CloseConnection():
                # wsproto reports a broken frame like a close, but stays open.
                kind = Failed if self._protocol.state is ConnectionState.OPEN else Closed
                return kind(int(event.code), event.reason or "")
        return None

    def _join(self, part: TextMessage | BytesMessage) -> Inbound | None:
        is_text = isinstance(part.data, str)
        data = part.data.encode() if isinstance(part.data, str) else bytes(part.data)
        if len(self._begun) + len(data) > self._max_message_bytes:
            reason = f"larger than {self._max_message_bytes} bytes"
            return Failed(CloseReason.MESSAGE_TOO_BIG, reason)
        if not part.message_finished:
            self._begun += data
            return None
        whole = bytes(self._begun) + data if self._begun else data
        self._begun = bytearray()
        return Received(whole.decode() if is_text else whole)
