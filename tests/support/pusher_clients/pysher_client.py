"""A program with pysher, and its backend: `pysher_client.py HTTP WS WS ID KEY SECRET`."""

import json
import os
import sys
from collections.abc import Callable
from queue import Queue
from time import monotonic, sleep
from typing import Any

import pysher
from pusher import Pusher

LIMIT = 20  # Seconds.


class Program:
    """Its connections, and what they hear, in its order."""

    def __init__(self, http: str, first: str, second: str, *app: str) -> None:
        app_id, self._key, self._secret = app
        self.backend = Pusher(
            app_id, self._key, self._secret, host="127.0.0.1", port=int(http), ssl=False
        )
        self.heard: Queue[list[Any]] = Queue()
        self.page = self._connect(first, "1")
        self.other = self._connect(second, "2")

    def _connect(self, port: str, user: str) -> Any:
        client = pysher.Pusher(
            self._key,
            secure=False,
            secret=self._secret,
            custom_host="127.0.0.1",
            port=int(port),
            user_data={"user_id": user, "user_info": {"name": user}},
        )
        ready: Queue[str] = Queue()
        client.connection.bind("pusher:connection_established", ready.put)
        client.connect()
        ready.get(timeout=LIMIT)
        return client

    def join(self, client: Any, name: str, count: int, *events: str) -> Any:
        """Subscribe, as the last of so many, and wait until the backend sees it.

        The success itself may come before pysher lets anybody ask for it.
        """
        channel = client.subscribe(name)
        for event in events:
            channel.bind(event, self._note(name, event))
        end = monotonic() + LIMIT
        while monotonic() < end:
            info = self.backend.channel_info(name, ["subscription_count"])
            if info["occupied"] and info["subscription_count"] == count:
                return channel
            sleep(0.05)
        raise TimeoutError(name)

    def hear(self) -> None:
        """Wait for the next event, and tell it."""
        told.append(self.heard.get(timeout=LIMIT))

    def _note(self, name: str, event: str) -> Callable[[str], None]:
        return lambda data: self.heard.put([name, event, json.loads(data)])


told: list[list[Any]] = []


def main() -> None:
    program = Program(*sys.argv[1:])
    program.join(program.page, "news", 1, "paid")
    program.backend.trigger("news", "paid", {"n": 1})
    program.hear()
    program.join(program.page, "private-a", 1, "client-x")
    theirs = program.join(program.other, "private-a", 2)
    theirs.trigger("client-x", {"from": 2})
    program.hear()
    program.join(program.page, "presence-a", 1, "pusher_internal:member_added")
    program.join(program.other, "presence-a", 2)
    program.hear()
    told.append(program.backend.users_info("presence-a")["users"])
    sys.stdout.write(json.dumps(told))
    sys.stdout.flush()
    os._exit(0)  # Its threads sometimes take minutes to end.


main()
