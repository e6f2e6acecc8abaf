"""Who is told what becomes of messages, and of the clients that they are for."""

from common.page import Page
from ws_server.clients.connection import Connection


class Witness:
    """Told by `Hub`. This one keeps nothing; `ws_server.receipts` counts what it is told."""

    def open(self, page: Page) -> None:
        """Messages are about to be sent; perhaps not for the first time."""

    def close(self) -> None:
        """They were offered to everybody."""

    def joined(self, connection: Connection, cursor: int, *, has_it: bool) -> None:
        """A client begins after an id; `has_it`: it says that it has everything up to there."""

    def sends_first(self, connection: Connection, page: Page) -> None:
        """It is sent this before what comes after that id, as it waited for its user."""

    def changes(self, connection: Connection, cursor: int, wanted: frozenset[str]) -> None:
        """After an id, a client listens to something else; to be told before it does."""

    def rewind(self) -> None:
        """The log was lost, or passed us over: nobody knows what clients have of it."""
