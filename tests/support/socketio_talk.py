"""A client that speaks Socket.IO to a service in this process."""

import json
from typing import Any

from config.settings import Settings
from tests.support.parts import Peer
from tests.support.running import Noting, Running
from tests.support.websocket import TEXT, frame
from ws_server.door.listen import Listen
from ws_server.door.policy import Policy
from ws_server.door.socketio_listen import LOBBY
from ws_server.worker import Worker

POLICY = Policy(socket_io=True, max_channels=3)


class Silent(Noting):
    """It has no hook for what clients say."""

    on_message = Worker.on_message


def build(
    running: Running, policy: Policy = POLICY, kind: type[Worker] = Silent, **settings: Any
) -> None:
    """Let the service speak it."""
    running.build(kind, policy, max_client_message_bytes=1000, **settings)
    running.service.speak_socketio(policy, Settings(max_client_message_bytes=1000))


class Talk:
    """One client, right after its handshake."""

    def __init__(
        self,
        running: Running,
        early: bytes = b"",
        listen: Listen | None = None,
        send_buffer: int | None = None,
    ) -> None:
        listen = listen or Listen(format=LOBBY)
        self.peer: Peer = running.connect(early, send_buffer, listen)
        self.opening = self.hear("0")

    def say(self, kind: str, data: object = None) -> None:
        """Send a packet."""
        self.peer.send(frame(TEXT, packet(kind, data)))

    def hear(self, kind: str) -> Any:
        """What the next packet says, which must be of this kind."""
        (said,) = self.peer.texts(1)
        text = said.decode()
        assert text.startswith(kind), text
        rest = text.removeprefix(kind)
        return json.loads(rest) if rest else None

    def enter(self, **auth: object) -> Any:
        """What it is told when it has entered."""
        self.say("40", auth)
        return self.hear("40")


def packet(kind: str, data: object = None) -> bytes:
    return kind.encode() + (b"" if data is None else json.dumps(data).encode())
