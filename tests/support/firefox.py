"""Debian's Firefox, driven by WebDriver BiDi: Playwright needs a Firefox of its own.

Only what the tests need: open a page, and run script in it until it says that something is so.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.processes import free_port, wait_until
from tests.support.websocket import TEXT, Client

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
LISTENS = re.compile(r"WebDriver BiDi listening on ws://127\.0\.0\.1:(\d+)")


class Firefox:
    """One browser with one page; `folder` is for its profile and what it says."""

    def __init__(self, folder: Path) -> None:
        assert PROGRAM is not None
        profile = folder / "profile"
        profile.mkdir()
        self._said = folder / "firefox.log"
        port = free_port()
        command = [PROGRAM, "--headless", "--no-remote", "--remote-debugging-port", str(port)]
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [*command, "--profile", str(profile)], stdout=said, stderr=subprocess.STDOUT
            )
        self._count = 0

    def __enter__(self) -> Self:
        try:
            wait_until(lambda: self._port() is not None, "Firefox", 60)
            self._client = Client(self._port() or 0, "/session")
            self._client.socket.settimeout(120)  # A first start takes long on a busy machine.
            assert self._client.status == 101
            self._ask("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
            tree = self._ask("browsingContext.getTree")
            self._context = tree["contexts"][0]["context"]
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.socket.close()
        self._end()

    def open(self, url: str) -> None:
        """Go there, and wait until it is loaded."""
        self._ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def run(self, script: str) -> Any:
        """The value of an expression; a promise is waited for. Only what JSON knows comes back."""
        answer = self._ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({script})))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        value = answer["result"].get("value")
        return None if value is None else json.loads(value)

    def wait_for(self, script: str) -> None:
        """Until the expression is true."""
        wait_until(lambda: self.run(script), script)

    def _port(self) -> int | None:
        found = LISTENS.search(self._said.read_text("utf-8", "replace"))
        return None if found is None else int(found[1])

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait()

    def _ask(self, method: str, **params: Any) -> Any:
        self._count += 1
        asked = {"id": self._count, "method": method, "params": params}
        self._client.send(TEXT, json.dumps(asked).encode())
        while True:
            answer = json.loads(self._client.texts(1)[0])
            if answer.get("id") == self._count:
                assert answer["type"] == "success", answer
                return answer["result"]
