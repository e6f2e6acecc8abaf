"""The pages that the console gives away: on another site, as copied, each shows what is pushed."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.keys import SECRET, in_seconds, signed
from tests.support.processes import wait_until
from tests.support.snippets import written
from tests.support.system import PREFIX, System

CONTENT = '<b>订单</b> & "it\'s" </script> \\n'
RESUMING = ("eventsource", "resume", "client")
IN_TEXT = ("websocket", "eventsource", "token")
LIMIT = 30_000  # Milliseconds: they wait up to 2.5 seconds before they come back.
BREAKING_OUT = (
    "</script><script>window.hacked = true</script><!--<script>\"'`${hacked = true}\u2028\n"
)


@pytest.fixture
def another_site() -> Iterator[tuple[str, dict[str, str]]]:
    """Its address, and its pages by their path."""
    pages: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = pages.get(self.path[1:])
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write((found or "").encode())

        def log_message(self, *_args: object) -> None:
            """Nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}/", pages


@pytest.fixture
def context(own_page: Page) -> BrowserContext:
    return own_page.context


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def pages_of(place: dict[str, Any]) -> dict[str, str]:
    """All that there are."""
    (kinds,) = written([("pages.js", "KINDS", [])])
    ids = [kind["id"] for kind in kinds]
    return dict(
        zip(ids, written([("pages.js", "page", [each, place]) for each in ids]), strict=True)
    )


def place(port: int, token: str = "") -> dict[str, Any]:
    here = f"127.0.0.1:{port}/"
    addresses = {"listen": f"ws://{here}", "events": f"http://{here}events"}
    return {
        **addresses,
        "client": f"http://{here}client.js",
        "channels": ["orders"],
        "token": token,
    }


def push(system: System, content: str) -> None:
    status, _ = system.call("/push", f"content={quote(content)}&channel=orders".encode())
    assert status == 200


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """An HTTP API, and room for WebSocket servers."""
    with System(tmp_path_factory.mktemp("shared")) as system:
        system.start_http()
        yield system


@pytest.mark.parametrize("secret", ["", SECRET])
def test_a_page_shows_what_is_pushed_and_comes_back_after_a_restart(
    shared: System, context: BrowserContext, another_site: tuple[str, dict[str, str]], secret: str
) -> None:
    settings: Any = {"DELIVERY": "instant", "SUBSCRIBE_SECRET": secret}
    ws, port = shared.start_ws(**settings)
    url, pages = another_site
    token = signed({"channels": ["orders"], "exp": in_seconds(60)}) if secret else ""
    pages |= pages_of(place(port, token))
    tabs = {kind: context.new_page() for kind in pages}
    for kind, tab in tabs.items():
        tab.goto(url + kind)

    def all_listen() -> bool:
        return bool(shared.call("/channels/orders")[1]["connections"] == len(tabs))

    wait_until(all_listen, "all listen")
    push(shared, CONTENT)
    for kind, tab in tabs.items():
        expect(tab.locator("li")).to_have_text([shown(kind, CONTENT)])
    ws.stop()
    push(shared, "while away")
    ws, _ = shared.start_ws(port, **settings)
    wait_until(all_listen, "all are back")
    push(shared, "the end")

    for kind, tab in tabs.items():
        expect(tab.locator("li").last).to_have_text(shown(kind, "the end"), timeout=LIMIT)
        assert tab.locator("li b").count() == 0
    for kind in RESUMING:
        wanted = [shown(kind, each) for each in (CONTENT, "while away", "the end")]
        expect(tabs[kind].locator("li")).to_have_text(wanted)
    ws.stop()


def shown(kind: str, content: str) -> str:
    return PREFIX + content if kind in IN_TEXT else content


def test_a_page_with_resume_goes_on_after_a_reload(
    shared: System, page: Page, another_site: tuple[str, dict[str, str]]
) -> None:
    ws, port = shared.start_ws(DELIVERY="instant")
    url, pages = another_site
    pages |= pages_of(place(port))
    page.goto(url + "resume")
    page.wait_for_function("sessionStorage.lastId")
    page.goto("about:blank")
    push(shared, "while it was elsewhere")
    page.goto(url + "resume")

    expect(page.locator("li")).to_have_text(["while it was elsewhere"])
    ws.stop()


def test_nothing_breaks_out_of_a_page(page: Page, another_site: tuple[str, dict[str, str]]) -> None:
    url, pages = another_site
    odd = dict.fromkeys(("listen", "events", "client", "token"), BREAKING_OUT)
    pages |= pages_of({**odd, "channels": [BREAKING_OUT]})
    for kind in pages:
        page.goto(url + kind)
        assert page.evaluate("window.hacked") is None
        assert page.locator("script").count() == 1
        assert page.locator("body").inner_text() == ""
