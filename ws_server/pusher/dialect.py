"""Pusher's protocol: does what its clients ask for, and answers them.

What they may do is decided in `rules`; the hub makes each change take effect at one exact place of
the log.
"""

from collections.abc import Callable
from functools import partial

from common.channels import MEMBERS
from common.json_content import text_of
from common.message import Message
from common.pusher.names import SERVER_TO_USER
from common.store.webhooks import Note
from ws_server.clients.connection import Connection
from ws_server.clients.hub import Hub
from ws_server.door.listen import Listen
from ws_server.pusher import answers
from ws_server.pusher.client import Client
from ws_server.pusher.close_codes import RATE_LIMITED, UNKNOWN_APP
from ws_server.pusher.entering import Entering
from ws_server.pusher.memory import Memory
from ws_server.pusher.publisher import Publisher
from ws_server.pusher.requests import (
    ClientEvent,
    Ping,
    Pong,
    SignIn,
    Subscribe,
    Unsubscribe,
    Wrong,
    parse_request,
)
from ws_server.pusher.rules import Limits, NotSubscribed, admit, check_event, user_of


class Pusher:
    """All clients of this process that speak it."""

    def __init__(
        self,
        hub: Hub,
        entering: Entering,
        publisher: Publisher,
        memory: Memory | None,
        limits: Limits,
    ) -> None:
        self._hub = hub
        self._sender = hub.sender
        self._entering = entering
        self._publisher = publisher
        self._memory = memory
        self._limits = limits
        self._clients: dict[Connection, Client] = {}

    def begin(self, connection: Connection, listen: Listen) -> None:
        """A client has come."""
        if listen.app is None:
            self._sender.close(connection, UNKNOWN_APP)
            return
        client = self._clients[connection] = Client(listen.app, connection)
        if listen.page and self._memory is not None:
            connection.remembered_as = f"r/{listen.app.id}/{listen.page}"
            self._memory.begin(connection, connection.remembered_as)
        self._post(connection, answers.established(client.socket_id))

    def forget(self, connection: Connection) -> None:
        """It is gone."""
        if self._memory is not None:
            self._memory.forget(connection)
        client = self._clients.pop(connection, None)
        if client is not None:
            self._entering.forget(connection, client)

    def serve(self, connection: Connection, data: str | bytes) -> bool:
        """Do what it asks for; there is nothing that it can say to somebody else here."""
        client = self._clients.get(connection)
        if client is None:
            return True
        try:
            self._serve(connection, client, data)
        except Wrong as wrong:
            self._post(connection, answers.error(wrong.reason, wrong.code))
        return True

    def refuse(self, connection: Connection, data: str | bytes) -> None:
        """Never: see `serve`."""

    def take_end(self, connection: Connection) -> None:
        """It has got all that it was sent before our close."""
        if self._memory is not None:
            self._memory.confirm_all(connection)

    def _serve(self, connection: Connection, client: Client, data: str | bytes) -> None:
        match parse_request(data):
            case Ping():
                self._post(connection, answers.PONG)
            case Pong() if self._memory is not None:
                self._memory.confirm(connection)
            case Subscribe() as asked:
                # Checked when its turn comes: what waits is not counted as channels yet.
                self._in_turn(connection, partial(self._subscribe, connection, client, asked))
            case Unsubscribe(channel):
                self._in_turn(
                    connection, partial(self._entering.leave, connection, client, channel)
                )
            case ClientEvent() as asked:
                self._pass_on(connection, client, asked)
            case SignIn() as asked:
                self._sign_in(connection, client, asked)

    def _subscribe(self, connection: Connection, client: Client, asked: Subscribe) -> None:
        try:
            admission = admit(client, asked, self._limits.channels)
        except NotSubscribed as why:
            told = answers.not_subscribed(asked.channel, why.kind, why.reason, why.status)
            self._post(connection, told)
            return
        self._entering.enter(connection, client, admission)

    def _pass_on(self, connection: Connection, client: Client, asked: ClientEvent) -> None:
        check_event(client, asked, self._limits.content_bytes)
        if not client.may_send():
            raise Wrong("too many client events: 10 a second are passed on", RATE_LIMITED)
        name, content = client.channels[asked.channel], asked.content
        note = Note("client_event", name, {"event": asked.event, "data": str(content)})
        note.more["socket_id"] = client.socket_id
        member = client.members.get(asked.channel)
        if member is not None:  # All members see who it is from; see `frames`.
            name = MEMBERS + name
            note.more["user_id"] = member.user
            content = text_of({"user_id": member.id, "data": content})
        message = Message(content, (name,), asked.event, client.socket_id)
        lost = answers.error(f"{asked.event} may be lost: Redis did not answer")
        self._publisher.submit(message.to_item(), partial(self._post, connection, lost), note)

    def _sign_in(self, connection: Connection, client: Client, asked: SignIn) -> None:
        member, ours = user_of(client, asked)
        if client.user not in (None, member.user):
            raise Wrong("somebody else has signed in on this connection", 4009)
        if client.signed_in is None:  # To say it again changes nothing.
            channel = SERVER_TO_USER + member.user
            sign_in = partial(self._entering.sign_in, connection, client, channel, ours)
            self._in_turn(connection, sign_in)
        client.signed_in = member
        self._post(connection, answers.signed_in(asked.user_data))

    def _in_turn(self, connection: Connection, change: Callable[[], None]) -> None:
        self._sender.between_frames(connection, change)

    def _post(self, connection: Connection, data: bytes) -> None:
        self._sender.post_raw(connection, data)
