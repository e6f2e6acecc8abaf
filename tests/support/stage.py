"""Both servers as an example of the documents wants them, and its text as it is meant here."""

import re
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import jwt

from tests.support.examples import tokens_of_the_documents
from tests.support.keys import in_seconds
from tests.support.processes import ROOT, environment, free_port
from tests.support.system import System
from tests.support.websocket import Client

SECRET = "change-me-0123456789-0123456789-0123"  # As in docs/listen.md.
ELSEWHERE = ("REDIS_URL", "HTTP_HOST", "WS_HOST", "HTTP_PORT", "WS_PORT")

# What is other at every run: ids, times, tokens.
CHANGING = {
    r"\b[0-9a-f]{9,}-\d+-\d+\b": "ID",
    r'"time":\d+': '"time":TIME',
    r'"expires":\d+': '"expires":TIME',
    r'"connection":"\d+\.\d+"': '"connection":"ID"',
    r'"jti":"[\w-]+"': '"jti":"NAME"',
    r"retry: \d+": "retry: TIME",
    r"Retry-After: \d+": "Retry-After: SECONDS",
    r"\beyJ[\w.-]+": "TOKEN",
    r"\(integer\) \d+": "(integer) NUMBER",
}


class Stage:
    """The HTTP API and the WebSocket server, ready, with the settings of an example.

    A push is sent on at once, and addresses are those of this machine, whatever the
    document says.
    """

    def __init__(self, system: System, settings: Mapping[str, str]) -> None:
        self.settings = {name: value for name, value in settings.items() if name not in ELSEWHERE}
        self.folder = system.folder
        self._system = system
        if name := self.settings.get("PUSH_TOKENS_FILE"):
            (self.folder / name).write_text(tokens_of_the_documents(), "utf-8")
        self._redis_port = system.redis_url.rpartition(":")[2].partition("/")[0]
        self.ws_port = free_port()
        both = {
            port: system.start("-m", module, **{"DELIVERY": "instant", **self._told})
            for module, port in (("ws_server", self.ws_port), ("http_api", system.http_port))
        }
        for port, process in both.items():
            system.wait_until_ready(process, port)

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self._system.http_port}/"

    @property
    def _told(self) -> dict[str, object]:
        ports = {"HTTP_PORT": self._system.http_port, "WS_PORT": self.ws_port}
        return {**self.settings, **ports}

    @property
    def environment(self) -> dict[str, str]:
        """For a command of the document."""
        return environment(
            **self._told,
            REDIS_URL=self._system.redis_url,
            PYTHONPATH=f"{ROOT}:{ROOT}/clients/python",
            PYTHONIOENCODING="utf-8",
        )

    def local(self, text: str) -> str:
        """`text` with the ports of this stage, and the commands of this checkout."""
        ports = {2346: self._system.http_port, 2345: self.ws_port, 6379: self._redis_port}
        for usual, real in ports.items():
            text = re.sub(rf"\b{usual}\b", str(real), text)
        text = text.replace("redis-cli ", f"redis-cli --no-raw -p {self._redis_port} ")
        return text.replace(".venv/bin/message-center", f"{sys.executable} -m config.cli")

    def push(self, content: str) -> None:
        """To everybody, with a token where one is needed."""
        token = self.settings.get("PUSH_TOKENS", ":").partition(":")[2]
        form = urlencode({"content": content}).encode()
        status, answer = self._system.call("/push", form, Authorization=f"Bearer {token}")
        assert (status, answer["code"]) == (200, 0)

    def call(self, path: str) -> Any:
        """The answer of the HTTP API."""
        return self._system.call(path)[1]

    @staticmethod
    def token(seconds: float = 600, /, **claims: object) -> str:
        """For a listener."""
        return jwt.encode({"exp": in_seconds(seconds), **claims}, SECRET, "HS256")

    def listener(self, path: str, token: str = "") -> Client:
        """A client that is connected, with a token where one is needed."""
        headers = {"authorization": f"Bearer {token or self.token()}"}
        client = Client(self.ws_port, path, headers=headers)
        assert client.status == 101
        return client


def comparable(text: str) -> list[str]:
    """The lines of `text`, the same at every run."""
    for changing, name in CHANGING.items():
        text = re.sub(changing, name, text)
    return text.replace("\r", "").rstrip("\n").split("\n")
