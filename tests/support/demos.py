"""The demos of examples/, each started as its README says, with both servers."""

import urllib.request

from tests.support.processes import ROOT, Process, free_port, wait_until
from tests.support.system import System
from tests.support.websocket import LIMIT


class Demo:
    """A demo and the servers that it needs; `ws` can be killed and started again."""

    def __init__(self, system: System, name: str, **settings: object) -> None:
        self.system = system
        self._settings = {"DELIVERY": "instant", "POLL_INTERVAL": 0.05, **settings}
        self.start_ws()
        system.start_http()
        self.url = self.start_app(name)

    def start_ws(self) -> None:
        self.ws, _ = self.system.start_ws(self.system.ws_port, **self._settings)

    def start_app(self, name: str, **settings: object) -> str:
        """Its address."""
        port = free_port()
        app = str(ROOT / f"examples/{name}/app.py")
        process = self.system.start(
            *("-m", "flask", "--app", app, "run", "--port", str(port)),
            MESSAGE_CENTER_URL=f"http://127.0.0.1:{self.system.http_port}",
            MESSAGE_CENTER_LISTEN_URL=f"ws://127.0.0.1:{self.system.ws_port}/",
            **{**self._settings, **settings},
        )
        url = f"http://127.0.0.1:{port}/"
        wait_until(lambda: answers(process, url), f"an answer of {name}", LIMIT * 2)
        return url


def answers(process: Process, url: str) -> bool:
    assert process.popen.poll() is None, process.output
    try:
        with urllib.request.urlopen(url, timeout=LIMIT):
            return True
    except OSError:
        return False
