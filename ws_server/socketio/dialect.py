"""Socket.IO: does what its clients ask for after they have entered, and answers them."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from common.refused import Refused
from ws_server.clients.connection import Connection
from ws_server.clients.sender import Sender
from ws_server.socketio.admission import names_of
from ws_server.socketio.packets import (
    ROOT,
    Broken,
    Bye,
    Enter,
    Event,
    Ping,
    event,
    no_namespace,
    packet,
    parse_packet,
)
from ws_server.wire.bodies import OURS
from ws_server.wire.close_codes import CloseCode

SUBSCRIBE, UNSUBSCRIBE, TOKEN = "subscribe", "unsubscribe", "token"
TAKEN = (SUBSCRIBE, UNSUBSCRIBE, TOKEN)
WHAT = 'it takes "subscribe" and "unsubscribe" with a list of channels, and "token"'


class Listening(Protocol):
    """What is needed of `inbox.subscriptions.Subscriptions`. Each may raise Refused."""

    def change(
        self, connection: Connection, subscribe: frozenset[str], unsubscribe: frozenset[str]
    ) -> dict[str, Any]:
        """Let it listen to other channels, and say to which, and after which id."""

    def refresh(self, connection: Connection, token: str) -> dict[str, Any]:
        """A new token, in place of one that expires."""


class SocketIO:
    """All clients of this process that speak it."""

    def __init__(self, sender: Sender, listening: Listening) -> None:
        self._sender = sender
        self._listening = listening

    def serve(self, connection: Connection, data: str | bytes) -> bool:
        """Do what a packet asks for; False if that is for a hook, or nobody."""
        said = parse_packet(data)
        match said:
            case Ping(more):
                self._sender.post_raw(connection, packet(f"3{more}"))
            case Bye():
                self._sender.close(connection, CloseCode(1000))
            case Broken(reason):
                self._sender.close(connection, CloseCode(1002, reason))
            case Enter(namespace) if namespace != ROOT:
                self._sender.post_raw(connection, no_namespace(namespace))
            case Event(name) if name in TAKEN:
                change = partial(self._carry_out, connection, said)
                self._sender.between_frames(connection, change)
            case Event():
                return False
        return True

    def refuse(self, connection: Connection, data: str | bytes) -> None:
        """An event that nobody here wants."""
        said = parse_packet(data)
        if isinstance(said, Event):
            self._refuse(connection, said, Refused("bad_command", WHAT))

    def take_end(self, connection: Connection) -> None:
        """It tells nothing: an id that was got is said by who comes back."""

    def _carry_out(self, connection: Connection, asked: Event) -> None:
        if not connection.is_open:
            return
        try:
            told = self._does(asked)(connection)
        except Refused as refused:
            self._refuse(connection, asked, refused)
            return
        if asked.answer_to is not None:
            self._sender.post_raw(connection, packet(f"43{asked.answer_to}", [told]))

    def _does(self, asked: Event) -> Callable[[Connection], dict[str, Any]]:
        if len(asked.arguments) != 1:
            raise Refused("bad_command", f"{asked.name} has one argument")
        (given,) = asked.arguments
        if asked.name == TOKEN:
            if not isinstance(given, str):
                raise Refused("bad_command", "a token is text")
            return partial(self._listening.refresh, token=given)
        names, none = frozenset(names_of(given)), frozenset[str]()
        some = (names, none) if asked.name == SUBSCRIBE else (none, names)
        return partial(self._listening.change, subscribe=some[0], unsubscribe=some[1])

    def _refuse(self, connection: Connection, asked: Event, refused: Refused) -> None:
        told = {"error": refused.error, "reason": refused.reason}
        if asked.answer_to is None:
            answer = event(f"{OURS}error", told)
        else:
            answer = packet(f"43{asked.answer_to}", [told])
        self._sender.post_raw(connection, answer)
