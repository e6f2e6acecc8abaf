"""How the console looks: light, dark, on a phone, in Chinese; and for those who do not see it.

CONSOLE_PICTURE names the file for the picture of the README.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.support.console import LAYOUT_SHIFTS, covered, open_console, rows, shifts
from tests.support.system import System
from tests.support.websocket import Client

PAGES = ["messages", "connect", "who", "who/user:42", "trace/user:42,orders", "health"]
LOOKS: dict[str, Any] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1024, "height": 768}},
    "phone": {"color_scheme": "dark", "viewport": {"width": 320, "height": 640}},
    "Chinese": {"locale": "zh-CN", "viewport": {"width": 390, "height": 844}},
}
WITH_RECEIPT = ("dark", "phone")  # As it was chosen before.
READ_ALOUD = ("light", "phone")  # The two schemes of colours, wide and narrow: it takes long.
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Both servers, with messages of all kinds in the log."""
    with System(tmp_path_factory.mktemp("shared")) as system:
        system.start_ws(system.ws_port, DELIVERY="instant")
        system.start_http(WS_PORT=system.ws_port, DELIVERY="instant")
        fill_log(system)
        yield system


@pytest.mark.parametrize("look", LOOKS)
def test_everybody_can_use_it_and_nothing_moves(
    shared: System, browser: Browser, look: str
) -> None:
    with browser.new_context(**{"locale": "en-GB", **LOOKS[look]}) as context:
        context.add_init_script(LAYOUT_SHIFTS)
        if look in WITH_RECEIPT:
            context.add_init_script("localStorage.setItem('receipt', '1')")
        look_at_all(context.new_page(), shared, is_read=look in READ_ALOUD)


def look_at_all(page: Page, shared: System, *, is_read: bool) -> None:
    open_console(page, shared)
    expect(page.locator("#state[data-state=live]")).to_be_visible(timeout=20_000)
    for name in PAGES:
        page.evaluate("name => { location.hash = name; }", name)
        link = f"#{name.partition('/')[0]}"
        expect(page.locator("nav a[aria-current]")).to_have_attribute("href", link)
        expect(page.locator("main")).not_to_be_empty()
        shared.push("while it is looked at")

        assert not is_read or serious_faults(page) == []
        assert covered(page) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.evaluate("innerWidth")  # Nothing has to be scrolled sideways.
        assert shifts(page) == []


def serious_faults(page: Page) -> list[tuple[str, str, list[str]]]:
    """Where, what, and at which elements."""
    return [
        (page.url, fault["id"], [node["html"] for node in fault["nodes"]])
        for fault in Axe().run(page).response["violations"]
        if fault["impact"] in SERIOUS
    ]


def test_it_speaks_chinese_to_whoever_prefers_it(shared: System, browser: Browser) -> None:
    with browser.new_context(locale="zh-CN") as context:
        page = context.new_page()
        open_console(page, shared)

        expect(page.get_by_role("link", name="谁在线")).to_be_visible()
        expect(rows(page).last).to_contain_text("你好！")
        assert page.evaluate("document.documentElement.lang") == "zh-CN"


@pytest.mark.parametrize("kind", ["nav a", ".segments span", ".tabs span"])
def test_what_is_chosen_is_seen_where_colours_are_forced(
    shared: System, browser: Browser, kind: str
) -> None:
    with browser.new_context(forced_colors="active") as context:
        page = context.new_page()
        open_console(page, shared)
        expect(page.locator("#content")).to_be_visible()  # Only then a page is chosen.
        background = "elements => elements.map((each) => getComputedStyle(each).backgroundColor)"

        backgrounds = page.locator(kind).evaluate_all(background)
        assert backgrounds.count(backgrounds[0]) == 1  # The first is chosen.


def test_it_is_used_by_keyboard_alone(shared: System, page: Page) -> None:
    open_console(page, shared)
    expect(page.locator("#content")).to_be_focused()

    page.keyboard.press("Control+A")
    page.keyboard.type("typed")
    page.keyboard.press("Tab")  # The check box is off for what is no JSON.
    page.keyboard.press("ArrowRight")  # From everybody to channels.
    page.keyboard.press("Tab")
    page.keyboard.type("orders,news")
    page.keyboard.press("Control+Enter")

    expect(rows(page).last).to_contain_text("typed")
    expect(rows(page).last.locator(".chip")).to_have_text(["orders", "news"])


def test_the_picture_of_the_readme(system: System, browser: Browser, tmp_path: Path) -> None:
    path = Path(os.environ.get("CONSOLE_PICTURE") or tmp_path / "console.png")
    system.start_ws(system.ws_port, DELIVERY="instant")
    system.start_http(WS_PORT=system.ws_port, DELIVERY="instant")
    fill_log(system)
    queries = ["/?channels=orders"] * 3 + ["/?channels=news.*", "/"]
    look: Any = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
    with ExitStack() as stack:
        for query in queries:
            stack.enter_context(Client(system.ws_port, query))
        page = stack.enter_context(browser.new_context(**look)).new_page()
        open_console(page, system)
        expect(rows(page).last).to_contain_text("Hello!")
        page.get_by_text("Channels", exact=True).click()
        page.locator("#recipient").fill("orders,shop,")
        page.keyboard.press("Enter")
        expect(page.locator(".chips")).to_contain_text("orders 3 listening")
        page.locator("#content").fill('{"order": 1025, "state": "已付款"}')
        page.get_by_role("button", name="Push", exact=True).click()
        expect(page.locator("#result")).to_contain_text("seen here after")
        expect(page.locator(".facts")).to_contain_text("6connections")
        page.screenshot(path=path)

    assert path.stat().st_size > 20_000


def fill_log(system: System) -> None:
    """Messages of all kinds."""
    for body in (
        '{"content": "订单 1023 已发货", "channels": ["news.eu"]}',
        '{"content": "Your export is ready", "users": ["42"]}',
        '{"content": "The shop closes at 18:00"}',
        '{"content": {"order": 1024, "state": "shipped"}, "channels": ["orders", "vip"]}',
    ):
        status, _ = system.call("/push", body.encode(), Content_Type="application/json")
        assert status == 200
