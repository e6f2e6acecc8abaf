"""The console with a token that may not do everything: it says so, and does not ask for ever."""

from playwright.sync_api import Page, expect

from tests.support.console import open_console, rows
from tests.support.system import System

TOKEN = "0123456789abcdef-shop"


def test_it_says_what_the_token_may_and_shows_that(system: System, page: Page) -> None:
    path = system.folder / "push-tokens"
    path.write_text(f"shop:{TOKEN} push=news read=news\n")
    _, port = system.start_ws(POLL_INTERVAL=0.05)
    system.start_http(WS_PORT=port, PUSH_TOKENS_FILE=path)
    pushed = system.call("/push?content=of+news&channel=news", Authorization=f"Bearer {TOKEN}")
    assert pushed[0] == 200
    open_console(page, system)
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")

    expect(page.locator(".told").first).to_contain_text("Your token may: push to news; read")
    expect(rows(page)).to_contain_text(["of news"])
    page.locator("#content").fill("to everybody")
    page.keyboard.press("Control+Enter")
    expect(page.locator("main")).to_contain_text("the token 'shop' may not push to everybody")


def test_what_the_token_may_not_see_is_said_and_not_asked_for_again(
    system: System, page: Page
) -> None:
    path = system.folder / "push-tokens"
    path.write_text(f"shop:{TOKEN} push\n")
    _, port = system.start_ws(POLL_INTERVAL=0.05)
    system.start_http(WS_PORT=port, PUSH_TOKENS_FILE=path)
    refused: list[str] = []
    page.on("response", lambda got: refused.append(got.url) if got.status == 403 else None)
    open_console(page, system, "health")
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_contain_text("The figures are not shown: the token 'shop'")
    page.get_by_role("link", name="Messages").click()
    expect(page.locator(".messages")).to_contain_text("may not read; what it may: push")
    expect(page.get_by_text("Ask for a receipt")).to_be_hidden()
    page.wait_for_timeout(4500)  # Two of its looks at the figures, and some of a stream's.
    assert len([url for url in refused if url.endswith("/stats")]) == 1
    assert len([url for url in refused if "/messages/events" in url]) == 1
