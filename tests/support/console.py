"""The console in a browser, as the tests of it open and read it."""

from playwright.sync_api import Locator, Page

from tests.support.system import System

LAYOUT_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => list.getEntries().forEach(({value, sources}) =>
        shifts.push([value, ...sources.map(({node}) => node?.className || node?.nodeName)])
    )).observe({type: "layout-shift", buffered: true});
"""


def open_console(page: Page, system: System, name: str = "") -> None:
    """Open one of its pages."""
    page.goto(f"http://127.0.0.1:{system.http_port}/#{name}")


def rows(page: Page) -> Locator:
    """The messages that a stream shows."""
    return page.locator(".messages .m")


def shifts(page: Page) -> list[object]:
    """What has moved without being asked to: how much, and which elements."""
    found: list[object] = page.evaluate("shifts")
    return found
