"""The console where not everybody may push or listen, and behind the example files of proxies."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.console import open_console, rows
from tests.support.keys import SECRET, public_jwk, write_jwks
from tests.support.system import System

TOKEN = "0123456789abcdef"
SECURED: dict[str, dict[str, Any]] = {
    "PUSH_TOKENS": {"PUSH_TOKENS": f"page:{TOKEN}"},
    "SUBSCRIBE_SECRET": {"SUBSCRIBE_SECRET": SECRET},
    "SUBSCRIBE_JWKS_FILE": {"SUBSCRIBE_JWKS_FILE": ""},
    "all of them": {
        "PUSH_TOKENS": f"page:{TOKEN}",
        "SUBSCRIBE_SECRET": SECRET,
        "ALLOWED_ORIGINS": "https://a.example",
    },
}
SAID = {
    "PUSH_TOKENS": ("live ·", "Pages can listen"),
    "SUBSCRIBE_SECRET": ("live ·", "Pages can listen"),
    "SUBSCRIBE_JWKS_FILE": ("reading the log", "your backend does"),
    "all of them": ("pages cannot connect", "it is not in ALLOWED_ORIGINS"),
}


@pytest.fixture(params=SECURED)
def secured(request: pytest.FixtureRequest, system: System, tmp_path: Path) -> str:
    """Which settings both servers have."""
    name: str = request.param
    settings = dict(SECURED[name])
    if "SUBSCRIBE_JWKS_FILE" in settings:
        settings["SUBSCRIBE_JWKS_FILE"] = write_jwks(tmp_path, public_jwk("ES256"))
    _, port = system.start_ws(POLL_INTERVAL=0.05, **settings)
    system.start_http(WS_PORT=port, POLL_INTERVAL=0.05, **settings)
    return name


def test_it_shows_messages_and_says_whether_pages_can_listen(
    secured: str, system: System, page: Page, problems: list[str]
) -> None:
    pill, words = SAID[secured]
    open_console(page, system)
    if "PUSH_TOKENS" in SECURED[secured]:
        page.get_by_label("Token").fill(TOKEN)
        page.keyboard.press("Enter")

    expect(rows(page)).to_contain_text(["Hello! This went from this page"])
    expect(page.locator("#state")).to_contain_text(pill)
    assert words in (page.locator("#state").get_attribute("title") or "")
    page.locator("#content").fill("pushed where not everybody may")
    page.keyboard.press("Control+Enter")
    expect(rows(page).last).to_contain_text("pushed where not everybody may")
    expect(page.locator("#result")).to_contain_text("seen here after")
