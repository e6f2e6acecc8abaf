"""What `page.cjs` does with pusher-js, without any library of Pusher's, where there is no Node.

`python -m chaos.pages.page PORT KEY SECRET NAME…`, with the same lines in and out.
"""

import hmac
import json
import sys
import threading
from contextlib import suppress
from hashlib import sha256
from time import sleep

from websocket import WebSocket, WebSocketException

ROOM = "presence-room"
AGAIN = 1.0  # Seconds until a page comes back: as pusher-js does.
SAYING = threading.Lock()


def say(*words: object) -> None:
    with SAYING:
        print(json.dumps(words), flush=True)  # noqa: T201


class Page(threading.Thread):
    """Connected for ever."""

    def __init__(self, url: str, key: str, secret: str, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._url = f"{url}/r/{name}/app/{key}?protocol=7&client=chaos"
        self._key, self._secret = key, secret
        self._line = WebSocket()
        self._socket_id = ""
        self._channels = ["news", "private-orders"]
        self._members: set[str] = set()
        self._lock = threading.Lock()  # Of the channels, and of who sends.

    def run(self) -> None:
        while True:
            try:
                self._line = WebSocket()
                self._line.connect(self._url, timeout=20)  # type: ignore[no-untyped-call]
                self._line.settimeout(None)
                while text := self._line.recv():
                    self._hear(json.loads(text))
            except (OSError, WebSocketException):
                pass
            self._socket_id = ""
            say(self.name, "", "state", "connecting")
            self._line.shutdown()  # type: ignore[no-untyped-call]
            sleep(AGAIN)

    def enter(self, channel: str) -> None:
        with self._lock:
            self._channels.append(channel)
            if self._socket_id:
                self._subscribe(channel)

    def leave(self, channel: str) -> None:
        with self._lock:
            self._channels.remove(channel)
            if self._socket_id:
                self._send("pusher:unsubscribe", {"channel": channel})

    def _hear(self, said: dict[str, str]) -> None:
        event, channel = said["event"], said.get("channel", "")
        data = json.loads(said["data"]) if isinstance(said["data"], str) else said["data"]
        if event == "pusher:ping":
            self._send("pusher:pong", {})
        elif event == "pusher:connection_established":
            with self._lock:
                self._socket_id = data["socket_id"]
                for each in self._channels:
                    self._subscribe(each)
            say(self.name, "", "state", "connected")
        elif channel:
            event = event.replace("pusher_internal:", "pusher:")
            is_told = event in ("tick", "pusher:member_removed")
            say(self.name, channel, event, data if is_told else None)
            if channel == ROOM:
                self._note_members(event, data)

    def _note_members(self, event: str, data: dict[str, str] | dict[str, dict[str, str]]) -> None:
        if event == "pusher:subscription_succeeded":
            self._members = {*data["presence"]["ids"]}  # type: ignore[index]
        elif event == "pusher:member_added":
            self._members.add(str(data["user_id"]))
        elif event == "pusher:member_removed":
            self._members.discard(str(data["user_id"]))
        say(self.name, "", "members", sorted(self._members))

    def _subscribe(self, channel: str) -> None:
        asked, text = {"channel": channel}, f"{self._socket_id}:{channel}"
        if channel == ROOM:
            asked["channel_data"] = json.dumps({"user_id": self.name})
            text += f":{asked['channel_data']}"
        signature = hmac.digest(self._secret.encode(), text.encode(), sha256).hex()
        asked["auth"] = f"{self._key}:{signature}"
        self._send("pusher:subscribe", asked)

    def _send(self, event: str, data: dict[str, str]) -> None:
        with suppress(OSError, WebSocketException):  # It is noticed where the page reads.
            self._line.send(json.dumps({"event": event, "data": data}))


def main(port: str, key: str, secret: str, *names: str) -> None:
    pages = {name: Page(f"ws://127.0.0.1:{port}", key, secret, name) for name in names}
    for page in pages.values():
        page.start()
    for line in sys.stdin:
        order, name = line.split()
        if order == "enter":
            pages[name].enter(ROOM)
        else:
            pages[name].leave(ROOM)


if __name__ == "__main__":
    main(*sys.argv[1:])
