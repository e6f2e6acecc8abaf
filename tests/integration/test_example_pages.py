"""The pages of examples/pages in Chromium, each opened from its file, as one would."""

import urllib.parse
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from common.store.keys import Keys
from tests.support.processes import ROOT, Process
from tests.support.system import KEY, System

FOLDER = ROOT / "examples/pages"
PAGES = sorted(path.name for path in FOLDER.glob("*.html"))
RESUMING = ["client.html", "eventsource.html"]
LINES = 40
BACK = 30_000  # Milliseconds in which each of them comes back.


class Servers:
    """Both. The one for WebSockets can be killed, and started again."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.ws: Process
        system.start_http()
        self.start_ws()

    def start_ws(self) -> None:
        self.ws, _ = self.system.start_ws(self.system.ws_port, DELIVERY="instant")

    def push(self, content: str) -> None:
        query = urllib.parse.urlencode({"content": content, "channel": "orders"})
        assert self.system.call(f"/push?{query}")[0] == 200

    def open(self, page: Page, name: str) -> None:
        """Once it is connected to these servers."""
        file = self.system.folder / name
        text = (FOLDER / name).read_text("utf-8")
        file.write_text(text.replace(":2345/", f":{self.system.ws_port}/"), "utf-8")
        page.goto(file.as_uri())
        expect_connected(page)


def expect_connected(page: Page) -> None:
    expect(page.locator("#state")).to_have_text("Connected.", timeout=BACK)


def expect_shown(page: Page, text: str) -> None:
    expect(page.get_by_text(text)).to_have_count(1, timeout=BACK)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with System(tmp_path_factory.mktemp("pages")) as system:
        yield Servers(system)


def test_there_is_a_page_for_each_way_to_listen_and_each_is_short() -> None:
    assert PAGES == ["client.html", "eventsource.html", "websocket.html"]
    assert max(len(read(name).splitlines()) for name in PAGES) <= LINES


def read(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_a_message_is_seen_as_text_and_so_is_one_after_a_restart(
    servers: Servers, page: Page, name: str
) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    servers.open(page, name)
    servers.push(f"<b>first</b> in {name}")
    expect_shown(page, f"<b>first</b> in {name}")
    servers.ws.kill_all()
    expect(page.locator("#state")).to_contain_text("The connection is lost.")
    servers.push(f"meanwhile in {name}")
    servers.start_ws()
    expect_connected(page)
    servers.push(f"afterwards in {name}")
    expect_shown(page, f"afterwards in {name}")

    if name in RESUMING:
        expect_shown(page, f"meanwhile in {name}")
        shown = [text.split()[-3] for text in page.locator("#messages li").all_inner_texts()]
        assert shown[:3] == ["afterwards", "meanwhile", "<b>first</b>"]
    assert problems == []


@pytest.mark.parametrize("name", RESUMING)
def test_who_was_away_when_the_log_was_lost_is_told_that_something_is_missing(
    servers: Servers, page: Page, name: str
) -> None:
    servers.open(page, name)
    servers.push(f"before the loss in {name}")
    expect_shown(page, f"before the loss in {name}")
    servers.ws.kill_all()
    servers.system.redis.delete(Keys(KEY).log)
    servers.start_ws()

    expect_shown(page, "some messages are missing")
