"""A backend of Pusher's, written from its documents: it triggers numbers, and asks who is there."""

import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from itertools import count
from time import time
from typing import Any

import redis

APP = ("1", "key-of-chaos", "secret-of-chaos")
CHANNELS = ("news", "private-orders", "presence-room")
ROOM = CHANNELS[-1]
EVENT = "tick"
LOG = "{message_center}:log"
QUEUES = ("message_center", "{message_center}:wip")
TIMEOUT = 5.0  # Seconds.


class Api:
    """One connection, which is opened again as needed."""

    def __init__(self, port: int) -> None:
        self._line = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

    def call(self, route: str, document: Mapping[str, object] | None = None) -> Any:
        """What is answered; None if it is not known what came of it."""
        method, path = "GET" if document is None else "POST", f"/apps/{APP[0]}{route}"
        body = b"" if document is None else json.dumps(document).encode()
        asked = {"auth_key": APP[1], "auth_timestamp": str(int(time())), "auth_version": "1.0"}
        if body:
            asked["body_md5"] = hashlib.md5(body, usedforsecurity=False).hexdigest()
        query = "&".join(f"{name}={asked[name]}" for name in sorted(asked))
        text = f"{method}\n{path}\n{query}".encode()
        signature = hmac.digest(APP[2].encode(), text, "sha256").hex()
        try:
            self._line.request(method, f"{path}?{query}&auth_signature={signature}", body)
            answer = self._line.getresponse()
            said = answer.read()
        except (OSError, HTTPException):
            self._line.close()
            return None
        return json.loads(said) if answer.status == 200 else None

    def close(self) -> None:
        self._line.close()


def count_waiting(port: int) -> int:
    """How many messages are in Valkey's queue still."""
    with redis.Redis(port=port) as client:
        return sum(client.llen(each) for each in QUEUES)


def numbers_in_log(port: int) -> dict[str, list[int]]:
    """What Valkey has in its log, by the channel, in its order."""
    found: dict[str, list[int]] = {channel: [] for channel in CHANNELS}
    with redis.Redis(port=port) as client:
        for _, fields in client.xrange(LOG):
            for channel in fields.get(b"a", b"").decode().split():
                if channel in found and fields[b"c"].isdigit():
                    found[channel].append(int(fields[b"c"]))
    return found


class Load(threading.Thread):
    """Triggers a number on each channel in turn, and keeps those that were acknowledged."""

    def __init__(self, port: int, pause: float) -> None:
        super().__init__(name="load")
        self.acknowledged: dict[str, list[int]] = {channel: [] for channel in CHANNELS}
        self._api = Api(port)
        self._pause = pause
        self._stopping = threading.Event()

    def run(self) -> None:
        for number in count():
            for channel in CHANNELS:
                document = {"name": EVENT, "channel": channel, "data": str(number)}
                if self._api.call("/events", document) is not None:
                    self.acknowledged[channel].append(number)
                if self._stopping.wait(self._pause):
                    self._api.close()
                    return

    def stop(self) -> None:
        self._stopping.set()
        self.join()
