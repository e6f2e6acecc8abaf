"""Socket.IO's formats: a message is an event with its content and its id.

From messages to bytes, once for all clients. No sockets here, and no Redis.
"""

from itertools import repeat
from json.encoder import encode_basestring

from common.message import Mark
from common.page import Page
from ws_server.socketio.packets import event, packet
from ws_server.socketio.session import pid_of
from ws_server.wire.bodies import OURS, Names, texts_as_json
from ws_server.wire.close_codes import KICKED, REVOKED, CloseCode
from ws_server.wire.frames import TEXT, Frames, close_frame, frame

NO_EVENT = "message"  # The event of a message that names none,
# or one of these, by which the library tells a page of itself.
TAKEN = frozenset(
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]
)
# So much is followed by a ping, for clients that read slowly: pings by time would all wait in the
# buffers on the way, behind megabytes. A client must read 2 kB a second. When a frame is made again
# for who has had its beginning, it may have a ping or not: its last bytes have been kept.
PING_BYTES = 128 * 1024
SPARE = 20.0  # Seconds more than between two pings until a client takes us for dead.


class Opening:
    """The first packet of Engine.IO: how often there are pings, and how much may be said."""

    def __init__(self, ping_interval: float, most_bytes: int) -> None:
        self._told = {
            "upgrades": list[str](),
            "pingInterval": round(ping_interval * 1000),
            # All clients are visited once in an interval, each at any time in it.
            "pingTimeout": round((ping_interval + SPARE) * 1000),
            "maxPayload": most_bytes,
        }

    def packet(self, sid: str) -> bytes:
        """For a session with this id."""
        return packet("0", {"sid": sid, **self._told})


class SocketFrames(Frames):
    """For Engine.IO 4; the opening was told before."""

    has_ids = has_welcome = welcome_is_first = True
    text_pong: str | None = "3"

    def __init__(self) -> None:
        self._unpinged = 0  # Bytes of messages since one that carries a ping.

    def messages(self, epoch: str, page: Page, names: Names = None) -> list[bytes]:  # noqa: ARG002
        frames, end = [], f',"{epoch}-'
        texts = texts_as_json(page.contents)
        for id_, text, name in zip(page.ids, texts, page.events or repeat(b""), strict=False):
            said = f'42["{NO_EVENT}",' if not name else f"42[{_named(name)},"
            made = frame(TEXT, f'{said}{text}{end}{id_.decode()}"]'.encode())
            self._unpinged += len(made)
            if self._unpinged >= PING_BYTES and self.text_pong is not None:
                made, self._unpinged = made + packet("2"), 0
            frames.append(made)
        return frames

    def welcome(
        self,
        at: Mark,
        _channels: object,
        *,
        complete: bool,
        again: int | None = None,  # noqa: ARG002
        connection: str = "",
        session: str = "",
    ) -> bytes:
        """The same session only if it misses nothing: so the library says `recovered`."""
        pid = pid_of(session, connection, at, complete=complete)
        return packet("40", {"sid": connection, "pid": pid})

    def gap(self, at: Mark, after: str | None, reason: str) -> bytes | None:
        told = {"id": str(at), "after": after, "reason": reason}
        return event(f"{OURS}gap", told, str(at))

    def answer(self, kind: str, fields: dict[str, object]) -> bytes:
        return event(OURS + kind, fields)

    def reply(self, data: str | bytes) -> bytes:
        text = data if isinstance(data, str) else data.decode(errors="replace")
        return event(NO_EVENT, text)

    def ping(self, at: Mark | None = None, confirm: Mark | None = None) -> bytes:
        """One that only asks to confirm is not shown to a page: there may be one a second."""
        asked = super().ping(confirm=confirm) if confirm is not None else b""
        return asked if at is None and asked else _cursor(at) + packet("2") + asked

    def farewell(self, close: CloseCode) -> bytes:
        """After a disconnect in its own words, a client does not come back."""
        told = packet("41") if close in (KICKED, REVOKED) else b""
        return told + close_frame(close.code, close.reason)


class SocketFrames3(SocketFrames):
    """For Engine.IO 3, whose clients ping themselves, and keep no place."""

    has_ids = False
    text_pong: str | None = None

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self._opening = opening

    def welcome(
        self,
        at: Mark,  # noqa: ARG002
        _channels: object,
        *,
        complete: bool,  # noqa: ARG002
        again: int | None = None,  # noqa: ARG002
        connection: str = "",
        session: str = "",  # noqa: ARG002
    ) -> bytes:
        return self._opening.packet(connection) + packet("40")

    def ping(self, at: Mark | None = None, confirm: Mark | None = None) -> bytes:  # noqa: ARG002
        return Frames.ping(self, confirm=confirm)


def _named(name: bytes) -> str:
    text = name.decode("utf-8", "replace")
    return encode_basestring(NO_EVENT if text in TAKEN else text)


def _cursor(at: Mark | None) -> bytes:
    """Moves the place of a client that has got nothing for long."""
    return b"" if at is None else event(f"{OURS}cursor", {}, str(at))
