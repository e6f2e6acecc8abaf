"""Every test here starts real processes; each gets its own, on free ports."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.console import LAYOUT_SHIFTS
from tests.support.proxies import PROGRAMS, find_program
from tests.support.system import System

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.example.com 127.0.0.1",  # The names of docs/proxy.
]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker(pytest.mark.integration)
    if "LONG" not in os.environ:
        long = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with System(tmp_path) as system:
        yield system


@pytest.fixture(
    params=[
        pytest.param(each, marks=[] if each in ("nginx", "caddy") else pytest.mark.long)
        for each in PROGRAMS
    ]
)
def program(request: pytest.FixtureRequest) -> str:
    """A proxy to test; skipped where there is none, but what Debian has must be there on CI."""
    found: str = request.param
    if find_program(found) is None and ("CI" not in os.environ or found == "traefik"):
        pytest.skip(f"there is no {found} on this machine")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real one for all tests of a worker; skipped where there is none, but on CI it must be.

    An event loop of its own runs in this thread as long: whoever needs one, too, takes a thread.
    """
    if CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that knows nothing of those before it."""
    with browser.new_context() as context:
        yield context.new_page()


@pytest.fixture
def problems(page: Page) -> Iterator[list[str]]:
    """Errors in the scripts of `page`: there must be none. What moves in it is noted."""
    found: list[str] = []
    page.on("pageerror", lambda problem: found.append(str(problem)))
    page.add_init_script(LAYOUT_SHIFTS)
    yield found
    assert found == []
