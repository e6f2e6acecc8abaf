"""Other clients of Socket.IO, unchanged: Python's, the older one, and a page in a browser."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

import pytest
import redis
from playwright.sync_api import Browser, BrowserContext, Page

from common.json_content import JsonText
from common.message import Message
from config.cli.embedded import EmbeddedValkey
from tests.support.certificate import Certificate
from tests.support.npm import node_modules
from tests.support.processes import free_port
from tests.support.proxies import LISTEN, make_place, serving
from tests.support.socketio_clients import older, push, settings
from tests.support.system import System
from tests.support.websocket import LIMIT

HTML = '<!doctype html><script src="node_modules/socket.io-client/dist/socket.io.js"></script>'
CONNECT = """([url, auth]) => {
  window.heard = []
  const socket = io(url, { transports: ["websocket"], auth, reconnectionDelayMax: 300 })
  socket.on("connect", () => heard.push(["connect", socket.recovered]))
  socket.on("connect_error", (problem) => heard.push(["connect_error", problem.message]))
  socket.onAny((name, content) => heard.push([name, content]))
}"""


@pytest.fixture
def system(valkey: EmbeddedValkey, tmp_path: Path) -> Iterator[System]:
    with System(tmp_path, valkey.url) as system:
        yield system


def test_a_program_in_python_hears_asks_and_comes_back(
    system: System, client: redis.Redis, key: str
) -> None:
    library = pytest.importorskip("socketio")
    port, heard = free_port(), Queue[tuple[object, ...]]()
    process, _ = system.start_ws(port, **settings(key))
    program = library.Client(reconnection_delay=0.1, reconnection_delay_max=0.3)
    program.on("connect", lambda: heard.put(("connect",)))
    program.on("*", lambda *said: heard.put(said[:2]))
    try:
        program.connect(
            f"http://127.0.0.1:{port}", transports=["websocket"], auth={"channels": ["news"]}
        )
        assert heard.get(timeout=LIMIT) == ("connect",)
        told = program.call("subscribe", ["orders"], timeout=LIMIT)
        assert told["channels"] == ["news", "orders"]
        assert program.call("chat", "hello", timeout=LIMIT)["error"] == "bad_command"
        push(client, key, Message(JsonText('{"n":1}'), ("news",), "price"), Message("text"))
        assert heard.get(timeout=LIMIT) == ("price", {"n": 1})
        assert heard.get(timeout=LIMIT) == ("message", "text")

        process.kill_all()
        system.start_ws(port, **settings(key))
        assert heard.get(timeout=LIMIT) == ("connect",)
        push(client, key, Message("again", ("news",)))
        assert heard.get(timeout=LIMIT) == ("message", "again")
    finally:
        program.shutdown()


@pytest.mark.long
def test_the_older_client_says_all_in_its_address_and_pings_by_itself(
    system: System, client: redis.Redis, key: str, tmp_path: Path
) -> None:
    port, folder = free_port(), tmp_path / "page"
    folder.mkdir()
    process, _ = system.start_ws(port, **settings(key, PING_INTERVAL=0.5))
    with older(folder, port, channels="news", client="tab") as page:
        assert page.hear() == ["connect", ["news", "orders"]]
        push(client, key, Message(JsonText('{"n":1}'), ("news",), "price"), Message("text"))
        heard = [page.hear() for _ in range(4)]
        told = [each[:2] for each in heard if each[0] != "pong"]
        assert told[:2] == [["price", {"n": 1}], ["message", "text"]]

        process.stop()
        push(client, key, Message("waits", ("news",)))
        system.start_ws(port, **settings(key, PING_INTERVAL=0.5))
        heard = []
        while not heard or heard[-1][:2] != ["message", "waits"]:
            heard.append(page.hear())
        assert "error" not in {each[0] for each in heard}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def origins(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two of one page, with the library and nothing else."""
    folder = tmp_path / "page"
    folder.mkdir()
    node_modules(folder)
    (folder / "index.html").write_text(HTML, "utf-8")
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", f"http://localhost:{server.server_port}"
        server.shutdown()


def opened(context: BrowserContext, origin: str, url: str, **auth: object) -> Page:
    page = context.new_page()
    page.goto(f"{origin}/")
    page.evaluate(CONNECT, [url, auth])
    return page


def wait_for(page: Page, *said: object) -> None:
    """Until it has heard this last."""
    page.wait_for_function("(said) => JSON.stringify(heard.at(-1)) === said", arg=_text(said))


def _text(said: object) -> str:
    return json.dumps(said, separators=(",", ":"))


@pytest.mark.long
def test_a_page_in_a_browser_comes_through_nginx_if_its_origin_may(
    system: System,
    client: redis.Redis,
    key: str,
    certificate: Certificate,
    browser: Browser,
    origins: tuple[str, str],
    *,
    tmp_path: Path,
) -> None:
    port, (shop, other) = free_port(), origins
    given = settings(key, ALLOWED_ORIGINS=shop, TRUSTED_PROXIES="127.0.0.1")
    process, _ = system.start_ws(port, **given)
    place = make_place(tmp_path / "nginx", certificate, port)
    url = f"wss://{LISTEN}:{place.port}"
    with serving("nginx", place), browser.new_context(ignore_https_errors=True) as context:
        page = opened(context, shop, url, channels=["news"])
        wait_for(page, "connect", False)
        push(client, key, Message("first", ("news",)))
        wait_for(page, "message", "first")
        wait_for(opened(context, other, url), "connect_error", "websocket error")

        process.kill_all()
        push(client, key, Message("meanwhile", ("news",)))
        system.start_ws(port, **given)
        wait_for(page, "message", "meanwhile")
        heard = page.evaluate("heard")
        assert [each for each in heard if each[0] != "connect_error"] == [
            ["connect", False],
            ["message", "first"],
            ["connect", True],
            ["message", "meanwhile"],
        ]
