"""What clients are sent: text or JSON, as WebSocket frames or as Server-Sent Events.

A format turns messages into bytes, once for all clients that want it, and knows how to say
everything else that is said to a client. A new one is a class in `frames` or `events`, a line in
`all_formats`, and a name to ask for it in `ws_server.door.listen`.
"""

from collections.abc import Mapping
from typing import Protocol

from common.message import Mark
from common.page import Page
from ws_server.wire.bodies import Channels, Names
from ws_server.wire.close_codes import CloseCode
from ws_server.wire.events import JsonEvents, TextEvents
from ws_server.wire.frames import JsonFrames, TextFrames


class Format(Protocol):
    """Everything that can be said to a client."""

    is_websocket: bool
    shows_channel: bool
    has_ids: bool  # Its clients can come back and miss nothing.
    has_welcome: bool  # Else nothing is said first.
    welcome_is_first: bool  # Else it stands behind the notice of a gap that is told with it.
    # How its clients answer pings that are texts; without these they leave. None: there are none.
    text_pong: str | None
    # A message has a frame for each of its channels; and none if it is for everybody.
    has_frame_by_channel: bool

    def messages(self, epoch: str, page: Page, names: Names = None) -> list[bytes]:
        """Each message of a page; `names` are the channels that each is said to come from."""

    def welcome(
        self,
        at: Mark,
        channels: Channels,
        *,
        complete: bool,
        again: int | None = None,
        connection: str = "",
        session: str = "",
    ) -> bytes:
        """The first thing that is said, if anything; `again` as in `Beginning`.

        `session` is what the client calls its place, as `Listen` has it.
        """

    def gap(self, at: Mark, after: str | None, reason: str) -> bytes | None:
        """That messages are missing, and it goes on after `at`; None if it cannot be said."""

    def reply(self, data: str | bytes) -> bytes:
        """What a hook sends to one client."""

    def answer(self, kind: str, fields: dict[str, object]) -> bytes:
        """To a command; nothing if the format takes none."""

    def ping(self, at: Mark | None = None, confirm: Mark | None = None) -> bytes:
        """A sign of life, and that nothing up to `at` was for the client: it can resume there.

        The answer to it confirms everything up to `confirm`.
        """

    def farewell(self, close: CloseCode) -> bytes:
        """The last thing that is said."""


def all_formats(prefix: str) -> Mapping[str, Format]:
    """By name: what `Listen.format_name` makes."""
    return {
        "text": TextFrames(prefix),
        "json": JsonFrames(),
        "text-events": TextEvents(prefix),
        "json-events": JsonEvents(),
    }
