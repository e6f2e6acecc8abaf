"""Which clients confirm by themselves, directly and behind each proxy; and that no proxy does.

None of them has any code for it. All of it is one push to a user for each pair. The table in
docs/listen.md says the same.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.integration.conftest import CHROMIUM
from tests.support.certificate import make_certificate
from tests.support.firefox import PROGRAM as FIREFOX
from tests.support.firefox import Firefox
from tests.support.keys import SECRET, in_seconds, signed
from tests.support.processes import wait_until
from tests.support.proxies import Place, Proxy, find_program, make_place, serving
from tests.support.receipt_clients import PROGRAMS, listening
from tests.support.system import System
from tests.support.websocket import LIMIT, Client

HOST = "localhost"  # Everybody finds it.
DIRECT = "direct"
PROXIES = ("nginx", "haproxy", "caddy", *(("apache2", "traefik") if "LONG" in os.environ else ()))
CLIENTS = ("Chromium", "Firefox", *PROGRAMS)
SILENT = "silent"
NEEDED = {"Chromium", "Node", "Python", SILENT}  # CI has them.
CONFIRMED = {"to": 1, "written": 1, "confirmed": 1, "behind": 0, "missed": 0}
OPEN = "(urls) => { window.sockets = urls.map((url) => new WebSocket(url)); }"
ID = "matrix"


@dataclass(frozen=True)
class Cell:
    """A client and the way that it takes: it is a user."""

    client: str
    way: str

    @property
    def user(self) -> str:
        return f"{self.client}.{self.way}"

    def path(self) -> str:
        token = signed({"sub": self.user, "exp": in_seconds(600)})
        return f"/?token={token}"


class Matrix:
    """What one receipt says of each pair that could be tried."""

    def __init__(self, system: System, places: dict[str, Place], ws_port: int) -> None:
        self._system = system
        self._starts = {DIRECT: f"ws://127.0.0.1:{ws_port}"}
        self._starts |= {way: f"wss://{HOST}:{place.port}" for way, place in places.items()}
        self.cells: list[Cell] = []
        self.users: dict[str, Any] = {}

    def urls(self, client: str) -> list[str]:
        """Where a client is to go."""
        return [self._starts[way] + Cell(client, way).path() for way in self._starts]

    def add(self, client: str) -> None:
        """This client has gone everywhere."""
        self.cells += [Cell(client, way) for way in self._starts]

    def push(self) -> None:
        """To all that were added, as soon as they are there, and until all confirm."""
        wanted = {cell.user for cell in self.cells}
        with suppress(AssertionError):  # Each test says who is missing.
            wait_until(lambda: self._here() >= wanted, "all are there", LIMIT)
        form = f"content=hello&receipt=1&id={ID}&users={','.join(wanted)}"
        assert self._system.call("/push", form.encode())[0] == 200
        end = monotonic() + LIMIT
        while not self._all_confirm() and monotonic() < end:
            self.users = self._system.call(f"/messages/{ID}")[1]["users"]

    @property
    def ways(self) -> list[str]:
        return list(self._starts)

    def of(self, client: str) -> dict[str, Any]:
        """What is known of a client, by its way; skips the test if the client is not here."""
        cells = [cell for cell in self.cells if cell.client == client]
        if not cells and ("CI" not in os.environ or client not in NEEDED):
            pytest.skip(f"nothing runs {client} on this machine")
        return {cell.way: self.users[cell.user] for cell in cells}

    def _here(self) -> set[str]:
        users = self._system.call("/users?limit=1000")[1]["users"]
        return {each["user"] for each in users}

    def _all_confirm(self) -> bool:
        return bool(self.users) and all(
            self.users[cell.user] == CONFIRMED for cell in self.cells if cell.client != SILENT
        )


def browse(matrix: Matrix, browser: Browser, stack: ExitStack) -> None:
    """A bare page of Chromium."""
    context = stack.enter_context(browser.new_context(ignore_https_errors=True))
    context.new_page().evaluate(OPEN, matrix.urls("Chromium"))
    matrix.add("Chromium")


def browse_with_firefox(matrix: Matrix, folder: Path, stack: ExitStack) -> None:
    """A bare page of Firefox."""
    firefox = stack.enter_context(Firefox(folder))
    firefox.open("about:blank")
    firefox.run(f"({OPEN})({json.dumps(matrix.urls('Firefox'))})")
    matrix.add("Firefox")


def be_silent(matrix: Matrix, port: int, proxies: dict[str, Proxy], stack: ExitStack) -> None:
    """Clients that read nothing."""
    stack.enter_context(Client(port, Cell(SILENT, DIRECT).path()))
    for way, proxy in proxies.items():
        stack.enter_context(proxy.connect(Cell(SILENT, way).path(), host=HOST))
    matrix.add(SILENT)


@pytest.fixture(scope="module")
def matrix(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Matrix]:
    """After the push."""
    folder = tmp_path_factory.mktemp("matrix")
    certificate = make_certificate(folder, HOST)
    with ExitStack() as stack:
        system = stack.enter_context(System(folder))
        system.start_http()
        _, port = system.start_ws(DELIVERY="instant", SUBSCRIBE_SECRET=SECRET)
        there = [each for each in PROXIES if find_program(each)]
        places = {each: make_place(folder / each, certificate, port) for each in there}
        places = {each: replace(place, listen=HOST) for each, place in places.items()}
        proxies = {
            each: stack.enter_context(serving(each, place)) for each, place in places.items()
        }
        matrix = Matrix(system, places, port)
        for name in PROGRAMS:
            urls = matrix.urls(name)
            if stack.enter_context(listening(name, urls, certificate.path, folder)):
                matrix.add(name)
        if CHROMIUM:
            browse(matrix, request.getfixturevalue("browser"), stack)
        if FIREFOX:
            browse_with_firefox(matrix, folder, stack)
        be_silent(matrix, port, proxies, stack)
        matrix.push()
        yield matrix


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_without_any_code_for_it_confirms_on_every_way(
    matrix: Matrix, client: str
) -> None:
    assert matrix.of(client) == dict.fromkeys(matrix.ways, CONFIRMED)


def test_no_proxy_confirms_for_a_client_that_is_silent(matrix: Matrix) -> None:
    unconfirmed = {**CONFIRMED, "confirmed": 0}
    assert matrix.of(SILENT) == dict.fromkeys(matrix.ways, unconfirmed)


def test_every_proxy_was_tried(matrix: Matrix) -> None:
    missing = {*PROXIES} - {*matrix.ways, "traefik"}
    if missing and "CI" not in os.environ:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    assert not missing
