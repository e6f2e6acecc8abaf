"""`python -m chaos.holders PORT HOW COUNT ASKED`: sockets that hold the slots of a port, cheaply.

They go on with it until SIGTERM; whoever is thrown out comes again. From SIGUSR1 to SIGUSR2 a
visitor asks for `ASKED` as anybody would, over a new connection each time. The last line says
how long it had to wait, as JSON.
"""

import json
import signal
import socket
import sys
import threading
from collections import Counter
from itertools import cycle
from time import monotonic, sleep

HERE = "here"  # What is said when all have come for the first time.
EACH = 0.7  # Seconds after which a holder does something again.
AT_ONCE = 60  # Holders between two short sleeps.
PATIENCE = 10.0  # Seconds for an answer, before the visitor tries again.
AGAIN = 0.2  # Seconds before it does, and between two visits.

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
# What is sent at once, and what is sent again and again.
WAYS: dict[str, tuple[bytes, bytes]] = {
    "keep-alive": (GET, GET),
    "pipeline": (GET * 10, GET * 10),
    "silent": (b"", b""),
    "head": (GET[:-2], b"X"),
    "body": (POST + b"\r\n", b"x"),
    "expect": (POST + b"Expect: 100-continue\r\n\r\n", b""),
}


class Holder:
    """One socket."""

    def __init__(self, port: int, way: tuple[bytes, bytes]) -> None:
        self._port = port
        self._first, self._again = way
        self._is_new = True  # It has said nothing yet.
        self._socket = self._opened()
        self.times = 0  # That it was thrown out.

    def act(self) -> None:
        """Say something; come again if it was thrown out."""
        try:
            if self._is_new:
                self._socket.send(self._first)
                self._is_new = False
            elif self._again:
                self._socket.send(self._again)
            while data := self._socket.recv(1 << 16):
                pass
            is_out = not data
        except BlockingIOError:
            return
        except OSError:
            is_out = True
        if is_out:
            self.times += 1
            self._is_new = True
            self._socket.close()
            self._socket = self._opened()

    def _opened(self) -> socket.socket:
        end = socket.socket()
        end.setblocking(False)
        end.connect_ex(("127.0.0.1", self._port))
        return end


class Visitor(threading.Thread):
    """Somebody who asks, again and again; `waits` has the seconds of each visit.

    That which is under way when it is over counts if it is the longest.
    """

    def __init__(self, port: int, way: str) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._asked, self._wanted = request(port, way)
        self._begin = 0.0
        self._is_over = False
        self.waits: list[float] = []
        self.problems: Counter[str] = Counter()  # What came instead of the answer.

    def run(self) -> None:
        while not self._is_over:
            self._begin = monotonic()
            while not self._is_answered():
                sleep(AGAIN)
            if not self._is_over:
                self.waits.append(monotonic() - self._begin)
            sleep(AGAIN)

    def end(self) -> None:
        """What comes now does not count any more."""
        self._is_over = True
        waited = monotonic() - self._begin
        if waited > max(self.waits, default=0.0):
            self.waits.append(waited)

    def _is_answered(self) -> bool:
        """Try once; whether the answer begins as it should."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), PATIENCE) as line:
                line.sendall(self._asked)
                answer = line.recv(4096)
        except OSError as problem:
            self.problems[type(problem).__name__] += 1
            return False
        if answer.startswith(self._wanted):
            return True
        self.problems[answer.partition(b"\r")[0].decode(errors="replace") or "nothing"] += 1
        return False


def request(port: int, way: str) -> tuple[bytes, bytes]:
    """What a visitor asks for, and how the right answer begins."""
    head = f"Host: 127.0.0.1:{port}\r\n"
    if way == "push":  # Without a content: nothing is queued.
        return f"GET /push HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode(), b"HTTP/1.1 200 "
    upgrade = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    return f"GET / HTTP/1.1\r\n{head}{upgrade}".encode(), b"HTTP/1.1 101 "


def hold(holders: list[Holder], told: threading.Event) -> None:
    """Act, each in turn, until told to stop."""
    while not told.is_set():
        end = monotonic() + EACH
        for number, holder in enumerate(holders):
            holder.act()
            if number % AT_ONCE == 0:
                sleep(EACH / 30)
        told.wait(max(0.0, end - monotonic()))


def main(port: int, how: str, count: int, asked: str) -> None:
    """Hold until SIGTERM."""
    visitor, told = Visitor(port, asked), threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: visitor.start())
    signal.signal(signal.SIGUSR2, lambda *_: visitor.end())
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    ways = WAYS.values() if how == "all" else [WAYS[how]]
    holders = [Holder(port, way) for _, way in zip(range(count), cycle(ways))]
    for holder in holders:
        holder.act()
    _say(HERE)
    hold(holders, told)
    thrown_out = sum(holder.times for holder in holders)
    said = {"asked": asked, "waits": visitor.waits, "problems": dict(visitor.problems)}
    _say(json.dumps(said | {"thrown_out": thrown_out}))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
