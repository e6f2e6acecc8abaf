"""Centrifugo (v6): the binary `centrifugo` on PATH, with its Redis engine and history.

Pushes come to its HTTP API, clients to its unidirectional WebSocket: by the path they ask for one
channel, so that they have nothing to send. A client counts as connected when it is told so by a
first frame: Centrifugo answers the handshake before it looks at a token or a channel.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import quote

from bench import ours, tokens
from bench.lab import Lab, free_port, wait_until_listening
from bench.ours import HISTORY_SECONDS, HISTORY_SIZE
from bench.subject import PushTarget, Subject

NAME = "Centrifugo, Redis"
MODULE = "github.com/centrifugal/centrifugo/v6"
CHANNEL = "all"
KEY = "the key of the measurements"
FLAGS = ("--greeted", "1", "--find", '"data":"')
PUSH = ("--type", "application/json", "--header", f"X-API-Key: {KEY}")
BODY = ("--before", f'{{"channel":"{CHANNEL}","data":"', "--after", '"}')


def find() -> bool:
    """Whether it is on PATH."""
    return shutil.which("centrifugo") is not None


def version() -> str:
    """As `go` reads it from the binary, for one built from source says v0.0.0; or as it says."""
    binary, go = shutil.which("centrifugo") or "", shutil.which("go")
    for command in ([go or "", "version", "-m", binary], [binary, "version"]):
        words = _output(command).split()
        if MODULE in words:
            return f"Centrifugo {words[words.index(MODULE, words.index('mod')) + 1]}"
    return " ".join(words[:2])


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=30
        ).stdout
    except OSError:
        return ""


@contextmanager
def serving(lab: Lab) -> Iterator[Subject]:
    """It on the server's core, its Redis on the other."""
    port = free_port()
    with ours.redis(lab) as redis_port, lab.ending():
        settings = Path(mkdtemp(dir=lab.folder)) / "centrifugo.json"
        settings.write_text(json.dumps(_settings(port, redis_port)))
        program = lab.server("centrifugo", "centrifugo", "--config", str(settings))
        wait_until_listening(program, port)
        target = PushTarget(port, "/api/publish", (*PUSH, *BODY))
        flags = (*FLAGS, "--path", _path())
        yield Subject(NAME, (program.pid,), port, target, flags, _path("%s"))


def _settings(port: int, redis_port: int) -> dict[str, object]:
    return {
        "http_server": {"address": "127.0.0.1", "port": port},
        "log": {"level": "error"},
        "engine": {
            "type": "redis",
            "redis": {"address": f"redis://127.0.0.1:{redis_port}"},
        },
        "client": {
            "allow_anonymous_connect_without_token": True,
            "token": {"hmac_secret_key": tokens.SECRET},
        },
        "channel": {
            "without_namespace": {
                "allow_subscribe_for_anonymous": True,
                "allow_subscribe_for_client": True,
                "history_size": HISTORY_SIZE,
                "history_ttl": f"{HISTORY_SECONDS}s",
            }
        },
        "http_api": {"key": KEY},
        "uni_websocket": {"enabled": True},
        "usage_stats": {"disabled": True},
    }


def _path(token: str = "") -> str:
    asked: dict[str, object] = {"subs": {CHANNEL: {}}}
    if token:
        asked["token"] = token
    text = json.dumps(asked, separators=(",", ":"))
    return f"/connection/uni_websocket?cf_connect={quote(text, safe='%' if token else '')}"
