"""What clients of Socket.IO are sent, bytes in and records out, and what they say. No I/O here.

As its library does it: who comes back shows the session that it had. The same one means that
nothing is missing; another one is taken for the gap that must then be told.
"""

import json
from collections.abc import Iterator
from typing import Any

from chaos.content import LISTEN, label_of
from chaos.records import Broken, Gap, Read, Record, Welcome
from chaos.wire import TEXT, WebSocket, client_frame

PATH = "/socket.io/?EIO=4&transport=websocket"
ANOTHER = "another session"  # The reason of a gap, until it is told.


class SocketIO(WebSocket):
    """Engine.IO 4: it enters with its first packet, and answers pings."""

    def __init__(self) -> None:
        super().__init__(is_json=True)
        self._last_id = ""
        self._untold: Gap | None = None

    def request(self, port: int, last_id: str) -> bytes:
        self._last_id = last_id
        _, _, headers = super().request(port, "").partition(b"\r\n")
        return f"GET {PATH} HTTP/1.1\r\n".encode() + headers

    def _records(self, first: int, payload: bytes) -> Iterator[Record]:
        if first != 0x80 | TEXT:
            yield from super()._records(first, payload)
            return
        text = payload.decode(errors="replace")
        try:
            yield from self._of_packet(text)
        except (ValueError, LookupError, TypeError, AttributeError) as problem:
            yield Broken(f"{type(problem).__name__} in {text[:200]!a}")

    def _of_packet(self, text: str) -> Iterator[Record]:
        if text == "2":
            self._say("3")
        elif text.startswith("0"):
            self._say("40" + json.dumps({"channels": [LISTEN], **self._shown()}))
        elif text.startswith("40"):
            yield self._welcome(json.loads(text[2:])["pid"])
        elif text.startswith("42"):
            yield from self._event(*json.loads(text[2:]))
        else:
            yield Broken(f"no packet: {text[:200]!a}")

    def _shown(self) -> dict[str, str]:
        return {"pid": self._session, "offset": self._last_id} if self._last_id else {}

    @property
    def _session(self) -> str:
        """As a server names it; which one does not matter."""
        return f"chaos~~{self._last_id}"

    def _welcome(self, pid: str) -> Record:
        at = pid.rpartition("~")[2]
        if not self._last_id or pid == self._session:
            return Welcome(at, complete=True)
        self._untold = Gap(at, self._last_id, ANOTHER)
        return self._untold

    def _event(self, name: str, told: Any, id_: str | None) -> Iterator[Record]:
        untold, self._untold = self._untold, None
        if name == "message-center:gap":
            if untold is None:
                yield Gap(told["id"], told["after"] or "", told["reason"])
            elif (told["id"], told["after"]) != (untold.id, untold.after):
                yield Broken(f"{told!a} is told of another session, {untold}")
        elif untold is not None:
            yield Broken(f"another session, and no gap before {name!a}")
        elif name == "message" and id_:
            yield Read(id_, label_of(told))
        else:
            yield Broken(f"no message: {name!a} {told!a:.200}")

    def _say(self, packet: str) -> None:
        self._answers += client_frame(TEXT, packet.encode())
