"""The peers that are packages from PyPI, each with a program of its own in this folder."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec

from bench import ours
from bench.lab import Lab, free_port, wait_until_listening
from bench.peers.peer import Peer
from bench.subject import PushTarget, Subject

SOCKETIO_PATH = "/socket.io/?EIO=4&transport=websocket"
SOCKETIO_FLAGS = ("--socketio", "1", "--skip", "8", "--path", SOCKETIO_PATH)


@contextmanager
def wsgi(name: str, module: str, flags: tuple[str, ...], lab: Lab) -> Iterator[Subject]:
    """A Flask application on gunicorn's gevent worker; pushes and clients come to one port."""
    port = free_port()
    with lab.ending():
        program = lab.server(module, *gunicorn(port, f"bench.peers.{module}:create_app()"))
        wait_until_listening(program, port)
        yield Subject(name, ours.workers(program, 1), port, PushTarget(port), flags)


@contextmanager
def program(name: str, module: str, lab: Lab) -> Iterator[Subject]:
    """A module that serves by itself: clients come to one port, pushes to the other."""
    port, push_port = free_port(), free_port()
    with lab.ending():
        command = (sys.executable, "-m", f"bench.peers.{module}", str(port), str(push_port))
        started = lab.server(module, *command)
        wait_until_listening(started, port)
        wait_until_listening(started, push_port)
        yield Subject(name, (started.pid,), port, PushTarget(push_port))


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


def _peer(
    name: str,
    package: str,
    imported: str,
    serving: Callable[[Lab], AbstractContextManager[Subject]],
) -> Peer:
    def find() -> bool:
        return find_spec(imported) is not None

    return Peer(name, find, lambda: f"{package} {version(package)}", serving)


_FLASK_SOCK, _WEBSOCKETS = "flask-sock on gevent", "websockets"
_SOCKETIFY, _SOCKETIO = "socketify", "python-socketio"

PEERS = (
    _peer(
        _FLASK_SOCK, "flask-sock", "flask_sock", partial(wsgi, _FLASK_SOCK, "plain_flask_sock", ())
    ),
    _peer(
        _WEBSOCKETS,
        "websockets",
        "websockets",
        partial(program, _WEBSOCKETS, "websockets_broadcast"),
    ),
    _peer(_SOCKETIFY, "socketify", "socketify", partial(program, _SOCKETIFY, "socketify_publish")),
    _peer(
        _SOCKETIO,
        "python-socketio",
        "socketio",
        partial(wsgi, _SOCKETIO, "socketio_emit", SOCKETIO_FLAGS),
    ),
)
