"""A server that plays the answers it is given, one for each connection."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request


def refusal(status: int, body: str = "", *headers: str) -> bytes:
    """An answer of HTTP, as the server gives it to who may not listen."""
    head = [f"HTTP/1.1 {status} Refused", f"Content-Length: {len(body.encode())}", *headers]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def told(status: int, error: str, msg: str, *headers: str) -> bytes:
    """The same in our own JSON shape."""
    return refusal(status, f'{{"code":-1,"error":"{error}","msg":"{msg}"}}', *headers)


def close(code: int, reason: str = "") -> bytes:
    """A close frame."""
    payload = code.to_bytes(2) + reason.encode()
    return bytes([0x88, len(payload)]) + payload


class Player:
    """`answers` that begin with HTTP are sent as they are; others are frames after a handshake.

    Each is cut after it, but for the last one. Unrealistic: it plays that one again and again, and
    waits for the client to leave.
    """

    def __init__(self, answers: Sequence[bytes]) -> None:
        self.targets: list[str] = []
        self.authorizations: list[str] = []
        self.heard: list[bytes] = []  # What each client said after its handshake.
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"

    def play(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                client.settimeout(60)
                number = len(self.targets)
                self._serve(client, self._answers[number:] or self._answers[-1:])

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, client: socket.socket, answers: Sequence[bytes]) -> None:
        answer, *following = answers
        protocol = WSConnection(ConnectionType.SERVER)
        protocol.receive_data(client.recv(65536))
        (request,) = protocol.events()
        assert isinstance(request, Request)
        self.targets.append(request.target)
        headers = dict(request.extra_headers)
        self.authorizations.append(headers.get(b"authorization", b"").decode())
        if answer.startswith(b"HTTP") or not answer:
            client.sendall(answer)
            client.shutdown(socket.SHUT_WR)
        else:
            client.sendall(protocol.send(AcceptConnection()) + answer)
            if following:
                client.shutdown(socket.SHUT_WR)
        said = b""
        while more := _read(client):
            said += more
        self.heard.append(said)


def _read(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except OSError:
        return b""


@contextmanager
def playing(*answers: bytes) -> Iterator[Player]:
    player = Player(answers)
    thread = threading.Thread(target=player.play)
    thread.start()
    yield player
    player.stop()
    thread.join()
