"""Servers with the same job, each a package from PyPI in its natural best way.

Each takes a message by POST /push, its content as the body, and sends it as one
text message to every client. They are measured by the same load client; what is
not installed is left out, and said.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from bench import ours
from bench.lab import Lab, free_port, wait_until_listening
from bench.subject import PushTarget, Subject

SOCKETIO_PATH = "/socket.io/?EIO=4&transport=websocket"
SOCKETIO_FLAGS = ("--socketio", "1", "--skip", "8", "--path", SOCKETIO_PATH)


@dataclass(frozen=True)
class Peer:
    """A server that can be started; `package` is what must be importable."""

    name: str
    package: str
    module: str
    wsgi: bool = False
    client_flags: tuple[str, ...] = ()


PEERS = (
    Peer("flask-sock on gevent", "flask_sock", "plain_flask_sock", wsgi=True),
    Peer("websockets", "websockets", "websockets_broadcast"),
    Peer("socketify", "socketify", "socketify_publish"),
    Peer("python-socketio", "socketio", "socketio_emit", wsgi=True, client_flags=SOCKETIO_FLAGS),
)


def installed() -> list[Peer]:
    """The peers that can be started here."""
    return [peer for peer in PEERS if find_spec(peer.package)]


@contextmanager
def serving(lab: Lab, peer: Peer) -> Iterator[Subject]:
    """The peer on the server's core."""
    port, push_port = free_port(), free_port()
    module = f"bench.peers.{peer.module}"
    with lab.ending():
        if peer.wsgi:
            program = lab.server(peer.module, *gunicorn(port, f"{module}:create_app()"))
            wait_until_listening(program, port)
            pids, target = ours.workers(program, 1), PushTarget(port)
            yield Subject(peer.name, pids, port, target, peer.client_flags)
            return
        program = lab.server(peer.module, sys.executable, "-m", module, str(port), str(push_port))
        wait_until_listening(program, port)
        wait_until_listening(program, push_port)
        yield Subject(peer.name, (program.pid,), port, PushTarget(push_port), peer.client_flags)


def gunicorn(port: int, app: str) -> list[str]:
    """The command of a gunicorn with one gevent worker."""
    options = {
        "worker-class": "gevent",
        "bind": f"127.0.0.1:{port}",
        "workers": "1",
        "worker-connections": "30000",
        "backlog": "4096",
        "keep-alive": "15",
        "timeout": "120",
        "graceful-timeout": "2",
    }
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    return [sys.executable, "-m", "gunicorn", *flags, "--no-control-socket", app]
