"""Every test here starts real processes; each gets its own, on free ports."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.support.certificate import Certificate, make_certificate
from tests.support.console import LAYOUT_SHIFTS
from tests.support.proxies import API, LISTEN, PROGRAMS, find_program
from tests.support.system import System
from tests.support.tab import Tab

expect.set_options(timeout=60_000)  # Milliseconds; nobody waits for it when all is well.
# As people have it; and without windows, where a page costs a third: the tests' own, but if LONG=1.
WHOLE = shutil.which("chromium") or shutil.which("chromium-browser")
SHELL = None if "LONG" in os.environ else shutil.which("chromium-headless-shell")
CHROMIUM = SHELL or WHOLE
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
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"), LISTEN, API)


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


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Iterator[Tab]:
    tab = Tab(browser)
    yield tab
    tab.close()


@pytest.fixture
def page(tab: Tab) -> Iterator[Page]:
    """A page that knows nothing of those before it; for a test that leaves it as it was."""
    with tab.used() as page:
        yield page


@pytest.fixture
def own_page(browser: Browser) -> Iterator[Page]:
    """A page of this test only."""
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script(LAYOUT_SHIFTS)
        yield page


@pytest.fixture
def problems(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Errors in the scripts of the page: there must be none."""
    name = "own_page" if "own_page" in request.fixturenames else "page"
    page: Page = request.getfixturevalue(name)
    found: list[str] = []

    def note(problem: Error) -> None:
        found.append(str(problem))

    page.on("pageerror", note)
    yield found
    page.remove_listener("pageerror", note)
    assert found == []
