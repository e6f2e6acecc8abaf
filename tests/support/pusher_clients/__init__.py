"""Clients with the libraries of Pusher, unchanged: how each is run here.

pysher is among the packages of the tests, and those of Node are some of `tests/support/npm`. Those
of Java and Go are taken from Maven and the Go proxy, which only LONG=1 asks for. The one for Go
knows public channels only; PUSHER_WS_GO names the folder of another one, which knows all, and is in
no package that we can have.
"""

import os
import sys
from pathlib import Path

from tests.support.npm import program
from tests.support.programs import need_folder
from tests.support.pusher_backends import GO_BACKEND, JAVA_BACKEND, go_program, java_program

HERE = Path(__file__).parent


def pysher(_folder: Path) -> list[str]:
    return [sys.executable, str(HERE / "pysher_client.py")]


def pusher_js(folder: Path) -> list[str]:
    return _node(folder, "pusher_js.cjs")


def echo(folder: Path) -> list[str]:
    return _node(folder, "echo.mjs")


def again(folder: Path) -> list[str]:
    """Node's own WebSocket has events like a browser's; pusher-js for workers uses it."""
    node, script = _node(folder, "again.cjs")
    return [node, "--experimental-websocket", script]


def java(folder: Path) -> list[str]:
    return java_program(folder, HERE / "Client.java", "pusher-java-client:2.4.4", JAVA_BACKEND)


def go_pusher(folder: Path) -> list[str]:
    client = "github.com/avdva/go-pusher@v0.2.0"
    return go_program(folder, HERE / "go_pusher.go", [GO_BACKEND, client])


def pusher_ws_go(folder: Path) -> list[str]:
    need_folder("PUSHER_WS_GO")
    sources = {"github.com/goguardian/pusher-ws-go": os.environ["PUSHER_WS_GO"]}
    return go_program(folder, HERE / "pusher_ws_go.go", [GO_BACKEND], sources)


def _node(folder: Path, script: str) -> list[str]:
    return ["node", str(program(folder, HERE / script))]
