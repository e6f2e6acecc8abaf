"""Where in the log a client begins. What it listens to stands in its `Listen`."""

from dataclasses import dataclass

from common.message import Mark
from common.page import Page
from ws_server.wire.close_codes import CloseCode


@dataclass(frozen=True, slots=True)
class Beginning:
    """After the message with the id `cursor`; None: at the head of the log.

    `asked` is the id after which the client wants to go on. `missing` says why it cannot, if so.
    With `refused` it is closed at once. `again`: what it may have been sent before has times up to
    this one, in milliseconds; None: nobody remembers such things of it. `waited`: what it is sent
    first, of messages up to `cursor`; so far nothing after `waited_from` is confirmed.
    """

    cursor: int | None = None
    asked: str | None = None
    missing: str = ""  # One of `wire.gap_reasons`.
    refused: CloseCode | None = None
    again: int | None = None
    waited: Page | None = None
    waited_from: Mark | None = None

    @property
    def is_resumed(self) -> bool:
        """Whether the client has everything up to `cursor`."""
        return self.asked is not None and not self.missing


AT_THE_HEAD = Beginning()
