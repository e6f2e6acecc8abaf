"""How a process learns which tokens are revoked, and closes those who came with one.

It asks Redis every second for a version, and for the rest only if that is another one. It decides
nothing itself.
"""

from contextlib import suppress

import gevent

from common.errors import QueueUnavailable
from common.loops import repeat
from common.outage import Outage
from common.store.revocations import Revocations
from ws_server.clients.hub import Hub
from ws_server.door.revoked import Revoked
from ws_server.wire.close_codes import REVOKED

LOOK = 1.0  # Seconds between two looks: so long a revoked token may still be taken.
AT_ONCE = 1000  # Connections that are looked at before others have a turn.


class Revoking:
    """Keeps `revoked` as Redis has it."""

    def __init__(self, store: Revocations, revoked: Revoked, hub: Hub) -> None:
        self._store = store
        self._revoked = revoked
        revoked.know_nothing()
        self._hub = hub
        self._version: bytes | None = None
        self._outage = Outage()

    def begin(self) -> None:
        """Look at once, so that clients can come, and then again and again."""
        with suppress(QueueUnavailable):  # The loop says it.
            self.look()
        gevent.spawn(self.run)

    def run(self) -> None:
        """For as long as the process lives."""
        repeat("revocations are looked for", self._step, report=self._is_outage)

    def look(self) -> None:
        """Learn what is new, and close whose token is revoked now.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        found = self._store.changed_since(self._version)
        if found is None:
            return
        version, all_ = found
        self._revoked.know(all_)
        if self._revoked:
            self._close_revoked()
        self._version = version  # At the end: what fails is done again.

    def _close_revoked(self) -> None:
        # Who comes meanwhile is asked at the door, and once more when taken in.
        for place, connection in enumerate(self._hub.connections, start=1):
            if self._revoked.covers(connection.grant):
                self._hub.sender.close(connection, REVOKED)
            if not place % AT_ONCE:
                gevent.sleep(0)

    def _step(self) -> None:
        gevent.sleep(LOOK)
        self.look()
        self._outage.note("revocations", None)

    def _is_outage(self, problem: BaseException) -> bool:
        if isinstance(problem, QueueUnavailable):
            self._outage.note("revocations", problem)
        return isinstance(problem, QueueUnavailable)
