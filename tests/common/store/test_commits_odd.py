"""Group commit with a server that answers as no Redis does."""

import socket
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from time import sleep

import pytest

from tests.support.pusher import LOST, OK, pusher

pytestmark = pytest.mark.integration

TIMEOUT = 1.5


class Answering(socketserver.ThreadingTCPServer):
    """Takes connections as Redis does, and answers each command with these bytes, one by one."""

    daemon_threads = True

    def __init__(self, answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.answer = answer
        self.url = f"redis://127.0.0.1:{self.server_address[1]}/0"


class Talk(socketserver.BaseRequestHandler):
    server: Answering

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):
            while data := self.request.recv(65536):
                self.request.sendall(data.count(b"SETINFO") * b"+OK\r\n")
                for at in range(len(self.server.answer) * data.count(b"LPUSH")):
                    self.request.sendall(self.server.answer[at : at + 1])
                    sleep(0.001)


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    with Answering(answer) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("answer", "told", "reason"),
    [
        (b":12345\r\n", OK, "None"),
        (b"-MISCONF Errors writing to the AOF file: No space\r\n", LOST, "AOF file"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", LOST, "not one of Redis"),
        (b"\x00\xff\r\n", LOST, "not one of Redis"),
        (b":1", LOST, "in time"),
    ],
)
def test_answers_may_come_byte_by_byte_and_nonsense_is_no_confirmation(
    answer: bytes, told: str, reason: str
) -> None:
    with answering(answer) as url, pusher(url, "key", TIMEOUT) as pushing:
        for number in range(2):
            assert pushing.push([(str(number), None)]) == {str(number): told}
            assert reason in pushing.reasons[str(number)]
