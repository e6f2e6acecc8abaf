"""Clients with the libraries of Pusher, unchanged: how each is run here.

pysher is among the packages of the tests. Those of Node are taken from npm, which only LONG=1 asks
for.
"""

import shutil
import sys
from pathlib import Path

from tests.support.pusher_backends import need, need_long, run

HERE = Path(__file__).parent
PACKAGES = ("pusher", "pusher-js", "laravel-echo", "ws")


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


def _node(folder: Path, script: str) -> list[str]:
    need_long()
    need("npm")
    run(["npm", "install", "--silent", "--no-save", "--prefix", str(folder), *PACKAGES], folder)
    return ["node", str(shutil.copy(HERE / script, folder))]
