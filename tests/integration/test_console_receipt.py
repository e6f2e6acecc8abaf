"""What the console says of a push whose receipt was asked for."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.support.answering import Answering
from tests.support.console import open_console, shifts
from tests.support.keys import SECRET, in_seconds, signed
from tests.support.system import System
from tests.support.websocket import Client

HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""

LATE = {"user": None, "address": "10.0.0.7", "since": 1795689503842, "state": "behind"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Both servers, for listeners with tokens: these are users."""
    with System(tmp_path_factory.mktemp("shared")) as system:
        system.start_ws(system.ws_port, SUBSCRIBE_SECRET=SECRET, POLL_INTERVAL=0.05)
        system.start_http(WS_PORT=system.ws_port, SUBSCRIBE_SECRET=SECRET)
        yield system


def join(system: System, user: str) -> Client:
    token = signed({"sub": user, "exp": in_seconds(3600)})
    client = Client(system.ws_port, f"/?format=json&token={token}")
    assert client.status == 101
    return client


def push(page: Page, system: System, *users: str) -> None:
    """From the console, with a receipt, as it was chosen before; by keyboard."""
    open_console(page, system, f"messages/user:{users[0]}")
    page.get_by_label("Ask for a receipt").check()  # It makes room; from then on nothing moves.
    page.reload()
    expect(page.locator(".chips")).to_contain_text(users[0])
    page.locator("#recipient").fill(",".join(users))
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Ask for a receipt")).to_be_focused()
    expect(page.get_by_label("Ask for a receipt")).to_be_checked()
    page.keyboard.press("Control+Enter")


def test_it_says_who_has_got_a_push_until_all_have(
    shared: System, page: Page, problems: list[str]
) -> None:
    with Answering(join(shared, "42")) as answering, join(shared, "42") as silent:
        push(page, shared, "42", "7")
        receipt = page.get_by_role("region", name="Receipt of the push")
        said, more = receipt.get_by_role("status"), receipt.get_by_role("listitem")

        expect(said).to_have_text("confirmed by 1 of 2, written: 2")
        expect(more.nth(0)).to_have_text("7: confirmed by 0 of 0: not connected")
        expect(more.nth(1)).to_have_text("42: confirmed by 1 of 2, written: 2")
        expect(more.nth(2)).to_contain_text("42 at 127.0.0.1, written, not confirmed")
        expect(page.locator(".send code")).to_contain_text('"receipt":true')
        answering.add(silent)
        expect(said).to_have_text("✓ confirmed by 2 of 2")
        expect(receipt.get_by_role("button", name="Ask again")).to_be_visible()
        assert shifts(page) == []
        page.get_by_label("Ask for a receipt").uncheck()
        expect(receipt).to_be_hidden()


def test_it_is_asked_for_only_while_somebody_looks_and_for_a_bounded_time(
    shared: System, own_page: Page, problems: list[str]
) -> None:
    page, asked = own_page, list[str]()

    def note(request: Request) -> None:
        if request.url.endswith("/messages/the-push"):
            asked.append(request.url)

    page.on("request", note)
    page.route("**/push", lambda route: route.fulfill(json={"code": 0, "id": "the-push"}))
    page.route("**/messages/the-push", lambda route: route.fulfill(json={"state": "queued"}))
    page.clock.install()
    push(page, shared, "42")
    expect(page.locator("#receipt")).to_contain_text("Asking who has got it")

    page.evaluate(HIDE, True)
    page.clock.run_for(5_000)
    assert asked == []
    with page.expect_response("**/messages/the-push"):
        page.evaluate(HIDE, False)
        page.clock.run_for(2_000)
    expect(page.locator("#receipt")).to_contain_text("no numbers yet: it is queued")
    ask = page.get_by_role("button", name="Ask again")
    while ask.is_hidden():
        page.clock.run_for(5_000)
    assert 10 < len(asked) < 40
    page.clock.run_for(60_000)
    assert len(asked) < 40
    with page.expect_response("**/messages/the-push"):
        ask.click()
        page.clock.run_for(100)


def test_it_says_what_is_not_known_and_why_there_is_no_receipt(
    shared: System, page: Page, problems: list[str]
) -> None:
    reason = "the token 'shop' may not read 'user:42'"
    refused = {"code": -1, "error": "insufficient_scope", "msg": reason}
    numbers = {"to": 1204, "written": 1202, "confirmed": 1200, "behind": 1, "missed": 1}
    in_doubt = {"unknown": None, "waiting": 0, "late": [LATE] * 25}
    answers: list[dict[str, Any]] = [
        {"json": {"state": "expired", **numbers, **in_doubt}},
        {"status": 403, "json": refused},
    ]
    page.route(re.compile("/messages/[0-9a-f]{24}$"), lambda route: route.fulfill(**answers.pop(0)))
    push(page, shared, "42")

    receipt = page.locator("#receipt")
    expect(receipt.get_by_role("status")).to_have_text(
        "confirmed by 1,200 of 1,204, written: 1,202, behind: 1, missed: 1, "
        "a process was killed that had not said how many it has"
    )
    expect(receipt.get_by_role("listitem")).to_have_count(21)
    expect(receipt).to_contain_text("somebody without a user at 10.0.0.7, not written yet")
    expect(receipt.get_by_role("listitem").last).to_have_text("+5")
    receipt.get_by_role("button", name="Ask again").press("Enter")
    expect(receipt.get_by_role("status")).to_have_text(
        f"✗ It is pushed, but there is no receipt: {reason}"
    )
