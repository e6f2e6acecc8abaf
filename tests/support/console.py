"""The console in a browser, as the tests of it open and read it."""

from playwright.sync_api import Locator, Page

from tests.support.system import System

LAYOUT_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => list.getEntries().forEach(({value, sources}) =>
        shifts.push([value, ...sources.map(({node}) => node?.className || node?.nodeName)])
    )).observe({type: "layout-shift", buffered: true});
"""

# Texts on which another element lies: somebody who clicks in the middle of one does not hit it.
COVERED = """() => {
    const isCut = (element, x, y) => {
        for (let each = element.parentElement; each; each = each.parentElement) {
            const { left, top, right, bottom } = each.getBoundingClientRect();
            const cuts = getComputedStyle(each).overflow !== "visible";
            if (cuts && (x < left || x > right || y < top || y > bottom)) return true;
        }
        return x < 0 || y < 0 || x > innerWidth || y > innerHeight;
    };
    const texts = [...document.querySelectorAll("body *")].filter((element) =>
        element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
        && !element.closest(".unseen, .skip, select")
        && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
    return texts.filter((element) => {
        const box = element.getBoundingClientRect();
        const x = box.x + box.width / 2, y = box.y + box.height / 2;
        if (isCut(element, x, y)) return false;
        const hit = document.elementFromPoint(x, y);
        // What sticks to an edge of the window gives way when the page is scrolled.
        for (let each = hit; each; each = each.parentElement) {
            if (getComputedStyle(each).position === "sticky") return false;
        }
        return !(hit && (element.contains(hit) || hit.contains(element)));
    }).map((element) => element.outerHTML.slice(0, 200));
}"""


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


def covered(page: Page) -> list[str]:
    """The texts that something else covers."""
    found: list[str] = page.evaluate(COVERED)
    return found
