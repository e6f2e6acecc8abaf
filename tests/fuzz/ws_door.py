"""The door of the WebSocket port beside flask-sock, with a service that only reads."""

import random
from functools import partial
from ipaddress import ip_network
from typing import Any

import gevent
import gevent.socket

from common.client_address import client_of
from common.revocation import JTI, Revocation
from config.settings import Settings
from tests.fuzz.pair import Fuzz, Pair, Side
from tests.fuzz.ws_requests import PAGE, SECRET, connection
from tests.support.fakes import FakeAdopter
from ws_server.door.app import create_app
from ws_server.door.listen import Listen
from ws_server.door.plain_listen import PlainListen
from ws_server.door.policy import OPEN, Policy
from ws_server.door.tokens import Tokens

TOKENS = Tokens(Settings(subscribe_secret=SECRET))
TOKENS.revoked.know([Revocation(JTI, "gone", 0, 1 << 33)])
TRUSTED = (ip_network("127.0.0.0/8"),)
CROWDED = "192.0.2.1"
POLICIES = (
    OPEN,
    Policy(TOKENS, max_channels=3),
    Policy(origins=frozenset([PAGE]), address_of=partial(client_of, trusted=TRUSTED)),
)


class ReadingAdopter(FakeAdopter):
    """Reads all that its clients send. Unrealistic: it sends nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.crowded.add(CROWDED)
        self.read: list[tuple[Listen, bytes]] = []

    def adopt(self, fd: int, early: bytes, listen: Listen) -> None:
        gevent.spawn(self._read, gevent.socket.socket(fileno=fd), early, listen)

    def _read(self, client: Any, data: bytes, listen: Listen) -> None:
        with client:
            while more := client.recv(65536):
                data += more
            self.read.append((listen, data))


class Listeners(Side):
    """The application of the WebSocket port."""

    def __init__(self, policy: Policy, at_door: bool) -> None:
        super().__init__(Settings(header_timeout=5.0))
        self._adopter = ReadingAdopter()
        self.flask = create_app(self._adopter, policy)
        if at_door:
            self.put_at_door(PlainListen(self._adopter, policy))

    def vary(self, chance: random.Random) -> None:
        """Now and then there is no room."""
        self._adopter.refuses = "too many connections" if chance.random() < 0.1 else None

    def done(self) -> list[Any]:
        found, self._adopter.read = self._adopter.read, []
        return found


def _make_pairs() -> list[Pair]:
    return [
        Pair(Listeners(each, at_door=True), Listeners(each, at_door=False)) for each in POLICIES
    ]


FUZZ = Fuzz(_make_pairs, connection)
