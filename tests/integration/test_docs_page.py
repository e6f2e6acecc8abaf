"""The API as pages, in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.system import System


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("shared")) as system:
        system.start_http()
        yield system


def test_the_document_is_shown_and_tried_and_nothing_comes_from_elsewhere(
    shared: System, page: Page
) -> None:
    problems: list[str] = []
    asked: set[str] = set()
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: asked.add(request.url))
    address = f"http://127.0.0.1:{shared.http_port}"

    page.goto(f"{address}/docs")
    expect(page.locator(".opblock-summary-path").first).to_be_visible()
    page.locator("#operations-health-healthz .opblock-summary").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text('"status"')

    assert problems == []
    assert {url for url in asked if not url.startswith((f"{address}/", "data:"))} == set()
