"""Nonsense at the WebSocket port, from a seed, while well-behaved clients look on.

An input is one frame, or one piece of anything else. Most frames are allowed, if odd, so that
the server reads on; the last of a connection seldom is.
"""

import json
import os
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from bench.meter import memory_bytes
from common.message import Message
from tests.support.events import EventStream
from tests.support.processes import wait_until
from tests.support.system import KEY, PREFIX, System
from tests.support.websocket import BINARY, PING, PONG, TEXT, Client, frame, request

FRAMES = 60  # At most, of a connection, before the one that may be broken.
LONG = 70_000  # Bytes; longer than the server takes of a message.
WARM_UP = 300  # Connections before memory is looked at.
LIMITS: dict[str, Any] = {
    "POLL_INTERVAL": 0.05,
    "MAX_CLIENT_MESSAGE_BYTES": 4096,
    "PING_INTERVAL": 3600,  # The onlookers do not answer.
    "SOCKET_IO": 1,
    "WINDOW_BYTES": 100_000,  # Soon full: what memory grows after that is a leak.
}
LISTEN = ("/", "/?format=json", "/?format=json&channels=a,b.*&last=5", "/x?a=%ff", "/?channels=a")
SOCKET_IO = tuple(f"/socket.io/?EIO={version}&transport=websocket" for version in (3, 4))
PACKETS = (
    *("2", "2probe", "3", "40", '40{"channels":["a"],"last":3}', '40{"pid":"~~","offset":[]}'),
    *('42["subscribe",["a","b.*"]]', '427["unsubscribe","a"]', '42["token",1]', "42[{}]", "43[]"),
    *("40/x,", "41", '451-["a"]', "4", "5", "9"),
)
OF_OTHERS = Message("of others", ("a", "b.c", "n1")).to_item()
NAMES = ("a", "b.c", "b.*", "user:1", "", "*", "no name", "c" * 201, *(f"n{n}" for n in range(200)))
PATHS = ("/", "/healthz", "/readyz", "/%00", "//", "/events?last=x", "*")


class Fuzzer:
    """One sender of nonsense; `inputs` counts what it has sent, by kind."""

    def __init__(self, port: int, seed: int) -> None:
        self.inputs: Counter[str] = Counter()
        self._port = port
        self._random = random.Random(seed)
        self._kinds: list[Callable[[socket.socket], None]] = [
            *[self._frames] * 8,
            *[self._packets] * 3,
            self._garbage,
            self._broken_handshake,
            self._byte_by_byte,
            self._http,
            self._events,
        ]

    def connection(self) -> None:
        """One connection, and its end in one of several rude ways."""
        with socket.socket() as client:
            client.settimeout(60)
            client.connect(("127.0.0.1", self._port))
            try:
                self._random.choice(self._kinds)(client)
                self._leave(client)
            except OSError:
                self.inputs["cut off by the server"] += 1

    def _frames(self, client: socket.socket) -> None:
        self._say(client, self._random.choice(LISTEN), self._frame)

    def _packets(self, client: socket.socket) -> None:
        self._say(client, self._random.choice(SOCKET_IO), self._packet)

    def _say(self, client: socket.socket, path: str, make: Callable[[], bytes]) -> None:
        client.sendall(request(self._port, path))
        client.recv(4096)
        count = self._random.randint(0, FRAMES)
        client.sendall(b"".join(make() for _ in range(count)))
        self.inputs["frames"] += count
        client.sendall(self._mutated(self._frame()))
        self.inputs["broken frames"] += 1

    def _packet(self) -> bytes:
        """A client of Socket.IO enters with one of two, and leaves with one of many."""
        if self._random.random() < 0.05:
            return frame(TEXT, self._random.choice(PACKETS).encode())
        return frame(TEXT, self._random.choice(PACKETS[:10]).encode())

    def _frame(self) -> bytes:
        """A frame that a client may send, in an order that it may not always."""
        opcode = self._random.choice([TEXT, BINARY, 0, PING, PONG, PING])
        control = opcode in (PING, PONG)
        size = self._random.choice([0, 1, 5, 60, 125] if control else [0, 1, 5, 125, 126, 300])
        payload = b"a" * size if opcode != BINARY else self._random.randbytes(size)
        if opcode == TEXT and self._random.random() < 0.5:
            payload = self._command()
        return frame(opcode, payload, fin=control or self._random.random() < 0.7)

    def _command(self) -> bytes:
        """As a client of the json format may say one, or nearly."""
        names = [self._random.choice(NAMES) for _ in range(self._random.randrange(5))]
        fields = self._random.choice(["subscribe", "unsubscribe", "token", "x"]), "subscribe"
        said = dict.fromkeys(fields[: self._random.randint(1, 2)], self._random.choice([names, 1]))
        return json.dumps(said).encode()

    def _mutated(self, data: bytes) -> bytes:
        kind = self._random.randrange(5)
        if kind == 0:
            return data[: self._random.randrange(len(data))]
        if kind == 1:
            at = self._random.randrange(len(data))
            return data[:at] + bytes([self._random.randrange(256)]) + data[at + 1 :]
        if kind == 2:
            return self._random.randbytes(self._random.randint(1, 200))
        if kind == 3:
            return frame(TEXT, b"x" * self._random.choice([4097, LONG]))
        return frame(self._random.randrange(16), b"x" * 130, mask=self._random.random() < 0.5)

    def _garbage(self, client: socket.socket) -> None:
        client.sendall(self._random.randbytes(self._random.randint(1, 2000)))
        self.inputs["garbage"] += 1

    def _broken_handshake(self, client: socket.socket) -> None:
        whole = request(self._port)
        lines = whole.split(b"\r\n")
        at = self._random.randrange(len(lines))
        long = b"A: " + b"b" * 9000
        lines[at] = self._random.choice([b"", lines[at] * 3, self._random.randbytes(40), long])
        client.sendall(b"\r\n".join(lines)[: self._random.choice([20, 100, 20_000])])
        self.inputs["broken handshakes"] += 1

    def _byte_by_byte(self, client: socket.socket) -> None:
        for byte in request(self._port)[: self._random.randrange(400)] + self._frame():
            client.sendall(bytes([byte]))
        self.inputs["byte by byte"] += 1

    def _http(self, client: socket.socket) -> None:
        method = self._random.choice(["GET", "POST", "PUT", "BREW", ""])
        path = self._random.choice(PATHS)
        one = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc".encode()
        client.sendall(one * self._random.randint(1, 5))
        self.inputs["requests"] += 1

    def _events(self, client: socket.socket) -> None:
        last_id = self._random.choice(["", "x", "1-2-3", "%ff", "a" * 300])
        head = f"GET /events?last_id={last_id} HTTP/1.1\r\nHost: x\r\n\r\n"
        client.sendall(head.encode() + self._random.randbytes(self._random.randint(0, 300)))
        client.recv(4096)
        self.inputs["streams of events"] += 1

    def _leave(self, client: socket.socket) -> None:
        kind = self._random.randrange(4)
        client.settimeout(0.01)
        if kind == 0:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # A reset.
        elif kind == 1:
            client.shutdown(socket.SHUT_WR)
        with suppress(TimeoutError):
            client.recv(65536)


class Onlookers:
    """Three well-behaved clients and a publisher; `problems` says what went wrong for them."""

    def __init__(self, system: System, port: int) -> None:
        self.problems: list[str] = []
        self.messages = 0
        self._redis = system.redis
        self._stop = threading.Event()
        text = Client(port)
        as_json = Client(port, "/?format=json")
        as_json.texts(1)
        events = EventStream(port)
        reads: list[Callable[[], str]] = [
            lambda: text.texts(1)[0].removeprefix(PREFIX),
            lambda: str(json.loads(as_json.texts(1)[0])["content"]),
            lambda: events.messages(1)[0].removeprefix(PREFIX),
        ]
        self._publisher = threading.Thread(target=self._publish)
        self._readers = [threading.Thread(target=self._read, args=[read]) for read in reads]
        self._sockets: list[socket.socket | EventStream] = [text.socket, as_json.socket, events]
        for thread in [self._publisher, *self._readers]:
            thread.start()

    def stop(self) -> None:
        """Wait until everybody has everything."""
        self._stop.set()
        for thread in [self._publisher, *self._readers]:
            thread.join()
        for opened in self._sockets:
            opened.close()

    def _publish(self) -> None:
        while not self._stop.wait(0.02):
            self._redis.lpush(KEY, str(self.messages))
            self._redis.lpush(KEY, OF_OTHERS)  # The onlookers must not get it.
            self.messages += 1
        self._redis.lpush(KEY, "end")

    def _read(self, read: Callable[[], str]) -> None:
        expected = 0
        try:
            while (content := read()) != "end":
                if content != str(expected):
                    self.problems.append(f"{content} instead of {expected}")
                    return
                expected += 1
        except Exception as problem:
            self.problems.append(repr(problem))


def run(folder: Path, seed: int, seconds: float, inputs: int) -> tuple[Counter[str], list[str]]:
    """What was sent, and what is wrong; ends after so many seconds or inputs."""
    with System(folder) as system:
        process, port = system.start_ws(**LIMITS)
        (worker,) = process.children()
        onlookers = Onlookers(system, port)
        fuzzer = Fuzzer(port, seed)
        for _ in range(WARM_UP):
            fuzzer.connection()
        before, end = memory_bytes(worker), monotonic() + seconds
        while monotonic() < end and fuzzer.inputs.total() < inputs:
            fuzzer.connection()
        onlookers.stop()
        wrong = list(onlookers.problems)
        files = Path(f"/proc/{worker}/fd")
        try:
            wait_until(lambda: len(os.listdir(files)) < 40, "descriptors closed")
        except AssertionError as problem:
            wrong.append(f"{problem}: {len(os.listdir(files))}")
        after = memory_bytes(worker)
        if process.children() != [worker]:
            wrong.append("the worker has died")
        if "Traceback" in process.output:
            wrong.append(f"a traceback in its log: {process.output[-3000:]}")
        if after - before > 4 * 2**20:
            wrong.append(f"{(after - before) / 2**20:.1f} MB more memory")
        fuzzer.inputs["(messages for the onlookers)"] = onlookers.messages
        fuzzer.inputs["(kB of memory more)"] = (after - before) // 1024
        return fuzzer.inputs, wrong
