"""The console's pages "Who is here" and "Trace", over two processes, with users."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.support.console import open_console, rows, shifts
from tests.support.keys import SECRET, in_seconds, signed
from tests.support.system import System
from tests.support.websocket import CLOSE, Client

STANDS = "The list stands still while you point at it"


@dataclass(frozen=True, slots=True)
class Place:
    """A system with two processes for listeners."""

    system: System
    ports: tuple[int, int]

    def join(self, which: int, user: str | None, *channels: str) -> Client:
        """Somebody who listens at one of them."""
        claims = {"sub": user} if user is not None else {}
        token = signed({**claims, "channels": channels, "exp": in_seconds(3600)})
        query = f"/?format=json&token={token}&channels={','.join(channels)}"
        client = Client(self.ports[which], query)
        assert client.status == 101
        return client

    def push(self, content: str, **to: object) -> None:
        """Push a message to some."""
        self.push_all([{"content": content, **to}])

    def push_all(self, messages: list[dict[str, object]]) -> None:
        """Push them together, in this order."""
        body = json.dumps(messages).encode()
        status, _ = self.system.call("/push/batch", body, Content_Type="application/json")
        assert status == 200


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    settings: dict[str, Any] = {"SUBSCRIBE_SECRET": SECRET, "POLL_INTERVAL": 0.05}
    with System(tmp_path_factory.mktemp("shared")) as system:
        ports = (system.ws_port, system.start_ws(**settings)[1])
        system.start_ws(system.ws_port, **settings)
        system.start_http(WS_PORT=system.ws_port, **settings)
        yield Place(system, ports)


def names(page: Page) -> Locator:
    return page.locator(".names-frame tbody tr:not(.blank)")


def row(page: Page, name: str, count: int) -> Locator:
    found = names(page).filter(has=page.get_by_role("link", name=name, exact=True))
    return found.filter(has=page.get_by_role("cell", name=str(count), exact=True))


def test_users_of_all_processes_are_listed_and_nothing_moves_as_they_come_and_go(
    place: Place, page: Page, problems: list[str]
) -> None:
    with place.join(0, "42"), place.join(0, "42"), place.join(1, "42"), place.join(1, "7"):
        open_console(page, place.system, "who")

        expect(row(page, "42", 3)).to_be_visible()
        expect(row(page, "7", 1)).to_be_visible()
        expect(page.locator(".totals")).to_contain_text("at 2 processes")
        with place.join(0, "10"):
            expect(names(page)).to_have_text(["10 1", "42 3", "7 1"], use_inner_text=False)
        expect(names(page)).to_have_count(2)
        assert shifts(page) == []


def test_what_the_pointer_is_on_stays_there(place: Place, page: Page, problems: list[str]) -> None:
    with place.join(0, "42"):
        open_console(page, place.system, "who")
        row(page, "42", 1).hover()

        with place.join(1, "10"):
            expect(page.locator("#names-told")).to_contain_text(STANDS)
            assert names(page).all_inner_texts() == ["42\t1"]
            page.mouse.move(5, 5)
            expect(names(page)).to_have_count(2)
            assert shifts(page) == []


def test_names_are_found_by_how_they_begin_and_page_by_page(
    place: Place, page: Page, problems: list[str]
) -> None:
    clients = [place.join(0, name) for name in ("42", *(f"page-{at:02}" for at in range(20)))]
    open_console(page, place.system, "who")
    expect(names(page)).to_have_count(15)
    page.get_by_label("Begins with").fill("page-")
    expect(names(page).first).to_contain_text("page-00")

    page.get_by_role("button", name="Next").click()
    expect(names(page).first).to_contain_text("page-15")
    expect(names(page)).to_have_count(5)
    page.get_by_role("button", name="Back").click()
    expect(names(page).first).to_contain_text("page-00")
    page.get_by_label("Begins with").fill("page-19x")
    expect(page.get_by_text("None that is here begins with “page-19x”.")).to_be_visible()
    page.get_by_label("Begins with").fill("page 1")
    expect(page.locator("#names-told")).to_contain_text("No name begins with “page 1”")
    for client in clients:
        client.socket.close()


def test_a_user_is_thrown_out_after_a_question(
    place: Place, page: Page, problems: list[str]
) -> None:
    with place.join(0, "out") as first, place.join(1, "out") as second:
        open_console(page, place.system, "who")
        names(page).get_by_role("link", name="out").click()
        detail = page.get_by_role("region", name="Who it is")
        expect(detail).to_contain_text("Connected, with 2 connections")
        detail.get_by_role("button", name="Throw out").dblclick()
        expect(detail).to_contain_text("Throw out 2 connections of out?")
        detail.get_by_role("button", name="Cancel").press("Escape")
        detail.get_by_role("button", name="Throw out").click()
        expect(detail.get_by_role("button", name="Cancel")).to_be_focused()
        detail.get_by_role("button", name="Throw out").click()

        expect(detail.get_by_role("status")).to_contain_text("2 connections of out are closed")
        for client in (first, second):
            assert closed_with(client) == 4003
            client.socket.close()
        expect(detail).to_contain_text("Not connected")
        expect(names(page).get_by_role("link", name="out")).to_have_count(0)
        assert shifts(page) == []


def test_the_tokens_of_a_user_are_revoked_after_a_question(
    place: Place, page: Page, problems: list[str]
) -> None:
    with place.join(0, "lost") as client:
        open_console(page, place.system, "who/user:lost")
        detail = page.get_by_role("region", name="Who it is")
        expect(detail).to_contain_text("Connected, with 1 connection")
        detail.get_by_role("button", name="Revoke tokens").dblclick()
        expect(detail).to_contain_text("Revoke all tokens that lost has now?")
        detail.get_by_role("button", name="Cancel").press("Escape")
        expect(detail.get_by_role("button", name="Revoke tokens")).to_be_focused()
        page.keyboard.press("Enter")
        expect(detail.get_by_role("button", name="Cancel")).to_be_focused()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")

        expect(detail.get_by_role("status")).to_contain_text("Revoked: tokens of lost that were")
        assert closed_with(client) == 4002
        client.socket.close()
        revoked = place.system.call("/revocations")[1]["revocations"]
        assert [each["user"] for each in revoked] == ["lost"]
        expect(detail).to_contain_text("Not connected")
        assert shifts(page) == []


def closed_with(client: Client) -> int:
    """The code of its close frame, which comes after other frames."""
    while True:
        opcode, payload = client.receive()
        if opcode == CLOSE:
            return int.from_bytes(payload[:2])


def test_a_channel_says_who_listens_and_leads_to_a_push_and_a_trace(
    place: Place, page: Page, problems: list[str]
) -> None:
    with (
        place.join(0, "42", "orders"),
        place.join(1, "42", "orders"),
        place.join(1, None, "orders"),
    ):
        open_console(page, place.system, "who")
        page.get_by_text("Channels", exact=True).click()
        row(page, "orders", 3).get_by_role("link").click()
        detail = page.get_by_role("region", name="Who it is")
        expect(detail).to_contain_text("3 connections, 1 without a user")
        expect(detail.get_by_role("listitem")).to_have_text(["422Trace", "without a user1"])
        assert page.url.endswith("#who/orders")

        detail.get_by_role("link", name="Push").click()
        expect(page.locator(".recipients .chip")).to_contain_text("orders 3 listening")
        page.go_back()
        detail.get_by_role("link", name="Trace 42, and this channel").click()
        expect(page.locator(".trace-head .chip")).to_contain_text(["user:42", "orders"])
        assert page.url.endswith("#trace/user:42,orders")


def test_a_trace_shows_what_is_for_everybody_and_for_the_user_and_nothing_else(
    place: Place, page: Page, problems: list[str]
) -> None:
    place.push("to all before")
    place.push("to traced before", user="traced")
    place.push("to another before", user="another")
    with place.join(1, "traced"):
        open_console(page, place.system, "trace/user:traced")
        expect(page.locator(".state")).to_contain_text("traced is connected, with 1 connection")
        expect(rows(page)).to_contain_text(["to all before", "to traced before"])
        place.push("to another", user="another")
        place.push("to news", channel="news.eu")
        place.push("to two", users=["traced", "another"])

        expect(rows(page).last).to_contain_text("to the user +1")
        expect(rows(page).last).to_contain_text("to two")
        assert shifts(page) == []
        page.get_by_text("Channel", exact=True).click()
        page.keyboard.type("news.*")
        page.keyboard.press("Enter")
        expect(rows(page)).to_contain_text(["to traced before", "to news", "to two"])
        expect(rows(page).filter(has_text="to news")).to_contain_text("by news.*")
        assert page.locator(".messages").get_by_text("to another").count() == 0
        assert page.url.endswith("#trace/user:traced,news.*")


def test_a_trace_goes_back_page_by_page(place: Place, page: Page, problems: list[str]) -> None:
    messages: list[dict[str, object]] = [
        {"content": f"old {number}", "channel": "archive"} for number in range(120)
    ]
    place.push_all(messages)
    open_console(page, place.system, "trace/archive")
    mine = rows(page).filter(has_text="old ")
    expect(mine.last).to_contain_text("old 119")
    older = page.locator("button.older")

    while older.is_enabled():
        count = rows(page).count()
        older.click()
        expect(rows(page)).not_to_have_count(count)
        expect(older).not_to_have_text("Looking…")
    expect(older).to_have_text("No older ones")
    expect(mine).to_have_count(120)
    expect(mine.first).to_contain_text("old 0")
    place.push("after it", channel="archive")
    expect(rows(page).last).to_contain_text("after it")
    assert shifts(page) == []


def test_a_page_that_is_not_seen_asks_for_nothing(
    place: Place, page: Page, problems: list[str]
) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url.removeprefix(f"http://127.0.0.1:{place.system.http_port}/"))

    open_console(page, place.system, "who/user:42")
    expect(page.locator(".figure")).to_contain_text("Not connected")
    page.locator(".detail").get_by_role("link", name="Trace").click()
    expect(page.locator(".trace-head .chip")).to_contain_text("user:42 0")
    page.get_by_role("link", name="Connect a page").click()
    page.on("request", note)
    for _ in range(2):
        with page.expect_request("**/stats"):
            pass

    assert {url for url in asked if url.startswith(("users", "messages"))} == set()
    with page.expect_request("**/users/42"):
        page.get_by_role("navigation").get_by_role("link", name="Trace").click()
    expect(page).to_have_url(re.compile("#trace/user:42$"))


def test_what_is_not_answered_is_said_and_nothing_wrong_is_shown(
    place: Place, page: Page, problems: list[str]
) -> None:
    reason = "the queue is unavailable, try again"

    def refuse(route: Route) -> None:
        route.fulfill(status=503, json={"code": -1, "error": "queue_unavailable", "msg": reason})

    page.route("**/users?*", refuse)
    page.route("**/users/*/connections", refuse)
    with place.join(0, "42", "orders"):
        open_console(page, place.system, "who/orders")
        row(page, "orders", 1).hover()
        page.get_by_text("Users", exact=True).click()
        expect(page.locator("#names-told")).to_have_text(f"Not up to date: {reason}")
        expect(names(page)).to_have_count(0)

        page.locator(".detail").get_by_role("link", name="42", exact=True).click()
        page.get_by_role("button", name="Throw out").click()
        page.get_by_role("button", name="Throw out").click()
        result = page.locator(".orders").get_by_role("status")
        expect(result).to_have_text(f"✗ Not thrown out: {reason}")


@pytest.mark.parametrize("name", ["trace", "who"])
def test_an_address_that_nobody_can_have_is_no_harm(
    place: Place, page: Page, problems: list[str], name: str
) -> None:
    open_console(page, place.system, f"{name}/%")
    expect(
        page.get_by_role("region", name="Who it is" if name == "who" else "Whom")
    ).to_be_visible()
    open_console(page, place.system, f"{name}/{'n' * 200},<b>")

    wrong = "cannot be a name" if name == "trace" else "a channel has 1 to 200 characters"
    expect(page.locator("main")).to_contain_text(wrong)
    assert page.locator("main b", has_text=",").count() == 0


def test_the_longest_names_can_be_read_and_removed_on_a_phone(
    place: Place, page: Page, problems: list[str]
) -> None:
    name = "n" * 100
    page.set_viewport_size({"width": 320, "height": 640})
    with place.join(0, None, name):
        open_console(page, place.system, f"who/{name}")
        expect(row(page, name, 1)).to_be_visible()
        expect(page.locator(".figure")).to_have_text("1 connection")
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        page.locator(".detail").get_by_role("link", name="Trace").click()
        page.get_by_role("button", name="Remove").click()

        expect(page.get_by_text("Name a user or a channel")).to_be_visible()
        assert page.url.endswith("#trace")
