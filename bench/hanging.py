"""Clients that never finish what they begin: half a handshake and silence, or one byte a second.

`python -m bench.hanging COUNT PORT...` holds COUNT of each kind open at every port
until it is ended, and prints `ready` when all are there. It waits for no answer.
"""

import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from time import monotonic, sleep
from typing import Self

PACE = 1.0  # Seconds between two bytes of one client.
TURN = 0.02
HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


@dataclass
class _Client:
    """One connection; `due` is when its next byte leaves, if it sends any more."""

    socket: socket.socket
    due: float | None
    sent: int = 0


class Hanging:
    """`count` clients of each kind at every port; `fill` opens those that are not there."""

    def __init__(self, count: int, ports: Iterable[int]) -> None:
        self._wanted = list(product(ports, (False, True), range(count)))
        self._count = count
        self._clients: dict[tuple[int, bool, int], _Client] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.socket.close()

    def __len__(self) -> int:
        return len(self._clients)

    def fill(self) -> None:
        """Open what was never open or has been cut off."""
        for place in self._wanted:
            if place not in self._clients:
                self._clients[place] = self._open(*place)

    def turn(self) -> None:
        """Send the bytes that are due, and forget whom the server has cut off."""
        now = monotonic()
        for place, client in list(self._clients.items()):
            if not _goes_on(client, now):
                client.socket.close()
                del self._clients[place]

    def _open(self, port: int, dribbles: bool, at: int) -> _Client:
        opened = socket.create_connection(("127.0.0.1", port), 30)
        opened.setblocking(False)
        if not dribbles:
            opened.send(HALF)
            return _Client(opened, None)
        # One after the other: nobody attacks in step.
        return _Client(opened, monotonic() + PACE * at / self._count)


def _goes_on(client: _Client, now: float) -> bool:
    try:
        if client.due is not None and client.due <= now and client.sent < len(HALF):
            client.socket.send(HALF[client.sent : client.sent + 1])
            client.sent += 1
            client.due += PACE
        return client.socket.recv(4096) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def main(words: list[str]) -> None:
    """Hold them until this process is ended."""
    count, *ports = map(int, words)
    with Hanging(count, ports) as hanging:
        hanging.fill()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            hanging.turn()
            hanging.fill()
            sleep(TURN)


if __name__ == "__main__":
    main(sys.argv[1:])
