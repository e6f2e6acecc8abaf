"""Does what clients of the json format ask for while they are connected, and answers them.

Clients of Socket.IO ask for the same in their own words.

Their grant and the policy say what they may ask for. The hub makes the change take effect at
one exact place of the log.
"""

from collections.abc import Callable
from functools import partial

from common.refused import Refused
from ws_server.clients.connection import Connection
from ws_server.clients.hub import Hub
from ws_server.door.listen import choose
from ws_server.door.policy import Policy
from ws_server.inbox.commands import Change, Confirm, Refresh, explain, parse_command

OnChange = Callable[[Connection, frozenset[str]], None]


class Subscriptions:
    """`on_change` gets each client whose grant or channels are new, and the channels it had."""

    def __init__(self, hub: Hub, policy: Policy, on_change: OnChange) -> None:
        self._hub = hub
        self._policy = policy
        self._on_change = on_change

    def serve(self, connection: Connection, data: str | bytes) -> bool:
        """Do what a message asks for; False if it is no command."""
        try:
            command = parse_command(data)
        except Refused as refused:
            self._refuse(connection, refused)
            return True
        if command is None:
            return False
        if isinstance(command, Confirm):
            self._confirm(connection, command)
            return True
        self._hub.sender.between_frames(connection, partial(self._carry_out, connection, command))
        return True

    def refuse(self, connection: Connection, data: str | bytes) -> None:
        """Answer a message that is no command, and that nobody else wants."""
        self._refuse(connection, Refused("bad_command", explain(data)))

    def take_end(self, connection: Connection) -> None:
        """It tells nothing: an id that was got is said by who comes back."""

    def _confirm(self, connection: Connection, command: Confirm) -> None:
        if not self._hub.confirming.take_command(connection, command.mark):
            self._refuse(
                connection, Refused("bad_command", "you have not been sent what you confirm")
            )

    def _carry_out(self, connection: Connection, command: Change | Refresh) -> None:
        if not connection.is_open:
            return
        try:
            if isinstance(command, Change):
                told = self.change(connection, command.subscribe, command.unsubscribe)
                self._answer(connection, "subscribed", told)
            else:
                self._answer(connection, "refreshed", self.refresh(connection, command.token))
        except Refused as refused:
            self._refuse(connection, refused)

    def change(
        self, connection: Connection, subscribe: frozenset[str], unsubscribe: frozenset[str]
    ) -> dict[str, object]:
        """Let it listen to other channels, and say to which, and after which id.

        To be called by way of `Sender.between_frames`, as `refresh` is.

        Raises:
            Refused: it may not.
        """
        kept = connection.channels - unsubscribe - connection.grant.own
        wanted = choose(kept | subscribe, connection.grant, self._policy.max_channels)
        return {"id": self._listen_to(connection, wanted), "channels": sorted(wanted)}

    def refresh(self, connection: Connection, token: str) -> dict[str, object]:
        """Let it go on with a newer token, and say the same.

        Raises:
            Refused: the token is not good for that.
        """
        had = connection.grant
        grant = self._policy.tokens.check(token) if self._policy.tokens else had
        if grant.user != had.user:
            raise Refused("bad_token", "the token is for another user")
        connection.grant = grant
        wanted = frozenset(name for name in connection.channels if grant.allows(name))
        at = self._listen_to(connection, wanted)
        told = {"id": at, "channels": sorted(wanted)}
        expires = None if grant.expires is None else int(grant.expires)
        return {**told, "expires": expires}

    def _listen_to(self, connection: Connection, wanted: frozenset[str]) -> str:
        had = connection.channels
        at = self._hub.subscribe(connection, wanted)
        self._on_change(connection, had)
        return str(at)

    def _refuse(self, connection: Connection, refused: Refused) -> None:
        self._answer(connection, "error", {"error": refused.error, "reason": refused.reason})

    def _answer(self, connection: Connection, kind: str, fields: dict[str, object]) -> None:
        self._hub.sender.post_raw(connection, connection.feed.format.answer(kind, fields))
