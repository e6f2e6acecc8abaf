"""What the loops that send find out about a client, and must be acted upon."""

from typing import Protocol

from ws_server.clients.connection import Connection
from ws_server.log.chunk import Place


class Progress(Protocol):
    """Told by `FanOut` of those who are live, and by `CatchUp` of the others."""

    def fall_behind(self, connection: Connection, place: Place) -> None:
        """Its socket took only a part: it is at this place of the log."""

    def reached_head(self, connection: Connection) -> None:
        """It has been sent everything that there is."""

    def reached_gap(self, connection: Connection) -> None:
        """The log has forgotten what follows for it."""

    def sent_outbox(self, connection: Connection) -> None:
        """It has taken all its replies."""

    def sent_frame(self, connection: Connection) -> None:
        """A long frame is whole, for whose end changes have waited."""

    def sent_farewell(self, connection: Connection) -> None:
        """It was closing, and the last frame is out."""

    def drop(self, connection: Connection) -> None:
        """It is gone, or cannot be served: close its socket, at once."""
