"""`python -m bench.soak.crowd PORT COUNT LIFE SECRET`: clients that come and go until SIGTERM.

About COUNT are there at a time, each for about LIFE seconds. They ask for all formats, and for
many channels; half of the users and channels come only once. Most read all, some slowly or never;
many who were away come back after their last id. It checks nothing: `chaos` does. The last line
says what there was, as JSON.
"""

import heapq
import json
import select
import signal
import sys
from collections import Counter
from random import Random
from time import monotonic, time

import jwt

from bench.soak.client import SIP, TEXT, Client
from bench.soak.names import channels_for, user_for

TICK = 0.05  # Seconds.
COMING = 20  # New clients in a tick, at the most.
PIECE = 256 * 1024
AWAY = 15.0  # Seconds until somebody comes back, at the most.
TALKS = 0.01  # The share of pieces after which a client says something.
COMES_BACK = 0.6  # The share of those who do.

# What is asked for, and how much of it is read.
KINDS = (
    *[("text", "all")] * 5,
    *[("json", "all")] * 6,
    *[("events", "all")] * 3,
    *[("events json", "all")] * 3,
    *[("text remembered", "all")] * 2,
    ("json remembered", "all"),
    ("json", "slowly"),
    ("events", "slowly"),
    ("text", "slowly"),
    ("json", "never"),
    ("text", "refused"),
)


class Crowd:
    """All of them."""

    def __init__(self, port: int, count: int, life: float, secret: str) -> None:
        self._port, self._count, self._life, self._secret = port, count, life, secret
        self._random = Random(7)
        self._poll = select.epoll()
        self._clients: dict[int, Client] = {}  # By descriptor.
        self._leaving: list[tuple[float, int, Client]] = []
        self._returning: list[tuple[float, int, Client]] = []
        self._slow: set[Client] = set()
        self._sipped = 0.0
        self._number = 0
        self.told = False
        self.figures: Counter[str] = Counter()

    def run(self) -> None:
        """Until `told`."""
        while not self.told:
            now = monotonic()
            self._let_go(now)
            self._let_come(now)
            self._sip(now)
            for fd, _ in self._poll.poll(TICK):
                client = self._clients.get(fd)
                if client is not None:
                    self._read(client, PIECE)

    def _let_come(self, now: float) -> None:
        for _ in range(COMING):
            if len(self._clients) >= self._count:
                return
            if self._returning and self._returning[0][0] <= now:
                client = heapq.heappop(self._returning)[2]
                self.figures["came back"] += 1
            else:
                client = self._new()
            self._connect(client, now)

    def _new(self) -> Client:
        self._number += 1
        form, reads = self._random.choice(KINDS)
        user = user_for(self._random, self._number)
        return Client(form, reads, user, channels_for(self._random, self._number))

    def _connect(self, client: Client, now: float) -> None:
        claims = {"sub": client.user, "channels": ["news.*", "room.*"], "exp": int(time()) + 3600}
        secret = self._secret if client.reads != "refused" else self._secret[::-1]
        token = jwt.encode(claims, secret, "HS256")
        self._number += 1
        try:
            client.connect(self._port, token, self._random.random() < 0.3)
        except OSError:
            client.line.close()
            self.figures["not accepted"] += 1
            return
        self.figures["came"] += 1
        self._clients[client.line.fileno()] = client
        if client.reads in {"all", "refused"}:
            self._poll.register(client.line, select.EPOLLIN)
        elif client.reads == "slowly":
            self._slow.add(client)
        stays = now + self._random.expovariate(1 / self._life)
        heapq.heappush(self._leaving, (stays, self._number, client))

    def _let_go(self, now: float) -> None:
        while self._leaving and self._leaving[0][0] <= now:
            client = heapq.heappop(self._leaving)[2]
            if client.is_open:
                self._forget(client)
                client.leave(self._random)
                self._expect(client, now)

    def _forget(self, client: Client) -> None:
        fd = client.line.fileno()
        del self._clients[fd]
        self._slow.discard(client)
        if client.reads in {"all", "refused"}:
            self._poll.unregister(fd)

    def _expect(self, client: Client, now: float) -> None:
        if self._random.random() < COMES_BACK and client.reads != "refused":
            self._number += 1
            back = now + self._random.uniform(0, AWAY)
            heapq.heappush(self._returning, (back, self._number, client))

    def _read(self, client: Client, most: int) -> None:
        size = client.read(most)
        if size >= 0:
            self.figures["bytes"] += size
            if client.form.startswith("json") and self._random.random() < TALKS:
                self._talk(client)
            return
        self.figures["ended by the server"] += 1
        self._forget(client)
        client.line.close()
        client.is_open = False
        self._expect(client, monotonic())

    def _talk(self, client: Client) -> None:
        self._number += 1
        name = f"room.{self._number}"
        said: list[dict[str, object]] = [{"subscribe": [name]}, {"unsubscribe": [name]}]
        if "remembered" in client.form and client.cursor:
            said.append({"confirm": client.cursor})
        for command in said:
            client.say(TEXT, json.dumps(command).encode())

    def _sip(self, now: float) -> None:
        if now >= self._sipped + 1:
            self._sipped = now
            for client in list(self._slow):
                self._read(client, SIP)


def main(port: int, count: int, life: float, secret: str) -> None:
    """Until SIGTERM."""
    crowd = Crowd(port, count, life, secret)

    def tell(*_: object) -> None:
        crowd.told = True

    signal.signal(signal.SIGTERM, tell)
    crowd.run()
    sys.stdout.write(json.dumps(crowd.figures) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
