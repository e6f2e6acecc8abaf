"""The demos of examples/, each started as its README says, with both servers."""

import urllib.request
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.processes import ROOT, Process, free_port, wait_until
from tests.support.system import System
from tests.support.websocket import LIMIT

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


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


def faults(page: Page) -> list[str]:
    """What is in the way of people who do not see well, or use no mouse; and of narrow screens."""
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found += Axe().run(page).response["violations"]
    serious = [each["id"] for each in found if each["impact"] in ("serious", "critical")]
    is_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return serious + ["it has to be scrolled sideways"] * is_wide
