"""A page of a browser that many tests use in turn: to open a fresh one costs a second each."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Frame, Page, ViewportSize

from tests.support.console import LAYOUT_SHIFTS

SIZE = ViewportSize(width=1280, height=720)  # Playwright's own.
LASTING = ("add_init_script", "expose_binding", "expose_function", "route_web_socket")
FORGET = "() => { localStorage.clear(); sessionStorage.clear(); }"


def refuse(*_args: object, **_options: object) -> NoReturn:
    raise AssertionError("this would stay for the tests that follow: use a page of its own")


class Tab:
    """Gives a page that knows nothing of those before it.

    What cannot be taken back (LASTING) is refused: a test that sets it needs a page of its own.
    `context` are the options of a `new_context`.
    """

    def __init__(self, browser: Browser, **context: Any) -> None:
        self._browser = browser
        self._context = context
        self._page: Page | None = None
        self._origins: set[tuple[str, str]] = set()
        self._has_failed = False

    def open(self) -> Page:
        if self._page is None:
            self._page = self._browser.new_context(**self._context).new_page()
            self._page.add_init_script(LAYOUT_SHIFTS)
            for name in LASTING:
                setattr(self._page, name, refuse)
            self._page.on("framenavigated", self._note)
            self._page.on("websocket", lambda socket: socket.on("socketerror", self._note_failure))
        return self._page

    def leave(self) -> None:
        """Forget all that there was, or else the page."""
        if self._page is None:
            return
        try:
            is_clean = self._is_cleaned(self._page)
        except Error:  # It was closed, or has crashed.
            is_clean = False
        if not is_clean:
            self.close()
        self._origins.clear()
        self._has_failed = False

    @contextmanager
    def used(self) -> Iterator[Page]:
        """For one test."""
        yield self.open()
        self.leave()

    def close(self) -> None:
        if self._page is not None:
            self._page.context.close()
        self._page = None

    def _note(self, frame: Frame) -> None:
        url = urlsplit(frame.url)
        self._origins.add((url.scheme, url.netloc))

    def _note_failure(self, _problem: str) -> None:
        """Chromium lets a page whose WebSockets fail wait longer and longer for the next ones."""
        self._has_failed = True

    def _is_cleaned(self, page: Page) -> bool:
        blank = {("about", ""), ("", "")}
        if self._has_failed or len(self._origins - blank) > 1 or len(page.context.pages) > 1:
            return False  # What the others keep is out of reach.
        page.unroute_all()
        page.evaluate(FORGET)
        page.goto("about:blank")
        page.context.clear_cookies()
        page.set_viewport_size(self._context.get("viewport", SIZE))
        page.emulate_media(color_scheme="null")
        return True
