"""A client that is remembered, cut off and killed at any place, against one rule.

It gets every message, in order; again only what it had not confirmed as far as Redis knew.
Hub, pings, memory and beginnings are real; the log and the places are in memory.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.parts import Parts, Peers
from tests.support.places import FakePlaces
from tests.support.websocket import PING, PONG, TEXT, frame
from ws_server.clients.connection import Connection
from ws_server.door.listen import Listen
from ws_server.relay.memory import ClientMemory
from ws_server.relay.relay import Relay

STEPS = ("publish", "publish", "read", "listen", "round", "write", "cut", "kill")
steps = st.lists(st.sampled_from(STEPS), max_size=25)


class World:
    """One client and one process, which forgets everything when it is killed."""

    def __init__(self, peers: Peers) -> None:
        self.parts, self.places = Parts(peers), FakePlaces()
        self.peers = peers
        self.relay = Relay(self.parts.log, self.parts.hub)
        self.relay.find_head()
        self.parts.start_catch_up()
        self.published = self.confirmed = self.known = 0
        self.clock = 0.0
        self.got: list[int] = []  # Over all connections.
        self.start()
        self.come()

    def start(self) -> None:
        self.memory = self.relay.beginnings.memory = ClientMemory(self.places, 60)
        self.parts.hub.confirming.on_confirmed[:] = [self.memory.note]

    def come(self) -> None:
        listen = Listen(client="abc")
        beginning = self.relay.beginnings.find(listen)
        fd, self.peer = self.peers.make()
        receiver = self.parts.receiver()
        self.connection: Connection = self.parts.hub.join(fd, receiver.read, listen, beginning)
        self.memory.enter(self.connection)
        self.is_new = True

    def publish(self) -> None:
        self.published += 1
        self.parts.publish(b"%d" % self.published)

    def read(self, *, answers: bool = False) -> None:
        """Read all that has come; `answers` the pings, too."""
        while not self.peer.has_nothing():
            opcode, payload = self.peer.frame()
            if opcode == TEXT:
                self.take(int(payload))
            elif opcode == PING and answers:
                self.peer.send(frame(PONG, payload))
                self.confirmed = max(self.confirmed, self.got[-1] if self.got else 0)

    def take(self, number: int) -> None:
        if self.is_new:
            self.is_new = False
            assert number == self.known + 1  # Neither later nor earlier than Redis knew.
        else:
            assert number == self.got[-1] + 1
        self.got.append(number)

    def listen(self) -> None:
        self.read(answers=True)

    def round(self) -> None:
        self.parts.hub.confirming.begin_round()

    def write(self) -> None:
        self.clock += 10  # So the next round is due.
        self.memory.write(self.clock)
        self.known = self.confirmed

    def cut(self) -> None:
        """Its end is seen, and written."""
        self.peer.has_nothing()  # Its pongs are read.
        self.parts.hub.sender.drop(self.connection)
        self.memory.leave(self.connection)
        self.write()
        self.come()

    def kill(self) -> None:
        self.parts.hub.sender.drop(self.connection)
        self.confirmed = self.known
        self.start()
        self.come()


@settings(max_examples=60)
@given(steps)
def test_it_gets_everything_in_order_and_again_only_what_was_not_confirmed(
    steps: list[str],
) -> None:
    peers = Peers()
    world = World(peers)
    try:
        for step in [*steps, "kill", "publish", "read"]:
            getattr(world, step)()
        assert set(world.got) == set(range(1, world.published + 1))
    finally:
        world.parts.close()
        peers.close()
