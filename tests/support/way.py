"""`python -m gevent.monkey --module tests.support.way REDIS_URL WHERE`: the way of one message.

It is pushed to the HTTP API (WHERE is `door`, or `flask`, which is behind it) and reaches a client
of the WebSocket server, both in this process, while every call is looked at. A file is entered
when a function of it is given the message, as text or bytes, or in what is made of them. One file
a line, in their order.
"""

import socket
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import uuid4

import gevent
from flask import Flask, Request

import http_api.process
import ws_server.process
from common.serving.door.door import Door
from common.serving.stopping import Stop
from config.settings import Settings
from ws_server.door.listen import Listen

ROOT = Path(__file__).parents[2]
PACKAGES = tuple(f"{ROOT / name}/" for name in ("common", "config", "http_api", "ws_server"))
TEXT = "a-message-on-its-way"
FORM = f"content={TEXT}".encode()
PUSH = b"POST /push HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
PUSH += b"Content-Length: %d\r\n\r\n%b" % (len(FORM), FORM)
DEPTH = 4  # So deep a message may lie in a value.


def has_message(value: Any, depth: int = DEPTH) -> bool:
    """Whether the message is in a value; objects with a life of their own are not looked into."""
    if isinstance(value, str):
        return TEXT in value
    if isinstance(value, bytes | bytearray | memoryview):
        return TEXT.encode() in bytes(value)
    if isinstance(value, Request):
        return has_message(value.query_string)
    return depth > 0 and any(has_message(part, depth - 1) for part in parts_of(value))


def parts_of(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list | tuple):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, each.name) for each in fields(value)]
    if type(value).__name__ in ("Page", "Chunk", "Push"):  # With slots.
        names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        return [getattr(value, name, None) for name in names]
    return ()


class Watch:
    """Notes the files of ours whose functions are given the message."""

    def __init__(self) -> None:
        self.files: dict[str, None] = {}

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        path = frame.f_code.co_filename
        if event != "call" or not path.startswith(PACKAGES):
            return
        name = str(Path(path).relative_to(ROOT))
        if name not in self.files and any(map(has_message, list(frame.f_locals.values()))):
            self.files[name] = None


def push(application: Flask, where: str) -> None:
    """The one that is followed; it may be answered later."""
    if where == "flask":
        application.test_client().get(f"/push?content={TEXT}")
        return
    client, served = socket.socketpair()
    served.setblocking(False)
    client.sendall(PUSH)
    door = Door(http_api.process.plain(application), "way", 20, 20, leave=lambda *_: None)
    door.open(served, ("127.0.0.1", 1), "", take=lambda *_: None)
    client.recv(1024)


def main(redis_url: str, where: str) -> None:
    key = f"way-{uuid4().hex}"
    settings = Settings(redis_url=redis_url, message_center_key=key, poll_interval=0.05)
    pusher = http_api.process.load(settings)
    listener = ws_server.process.load(settings)
    ours, theirs = socket.socketpair()
    service = listener.extensions[ws_server.process.SERVICE]
    service.newcomers.adopt(ours.detach(), b"", Listen())
    watch = Watch()
    sys.setprofile(watch)
    with gevent.Timeout(20):
        push(pusher, where)
        received = b""
        while TEXT.encode() not in received:
            received += theirs.recv(1024)
    sys.setprofile(None)
    theirs.close()
    print("\n".join(watch.files))  # noqa: T201
    ws_server.process.stop(listener, Stop())


if __name__ == "__main__":
    main(*sys.argv[1:])
