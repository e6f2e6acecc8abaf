"""The demo of a bell in Chromium: two users in two browsers, one of them with two tabs."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.demos import Demo, faults
from tests.support.keys import SECRET
from tests.support.processes import wait_until
from tests.support.system import System
from tests.support.tab import Tab


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Clocks may differ by 5 seconds: its tokens are good for about four."""
    with System(tmp_path_factory.mktemp("bell")) as system:
        yield Demo(system, "bell", SUBSCRIBE_SECRET=SECRET, TOKEN_SECONDS=-1)


@contextmanager
def logged_in(tab: Tab, demo: Demo, name: str) -> Iterator[Page]:
    """A browser of its own, in which all is read."""
    with tab.used() as page:
        page.goto(demo.url)
        with page.expect_response("**/notes"):
            page.get_by_role("button", name=name).click()
        page.locator("#bell").click()
        with page.expect_response("**/read"):
            page.get_by_role("button", name="Mark all as read").click()
        expect_unread(page, 0)
        yield page


@pytest.fixture(scope="module")
def tab_of_bob(browser: Browser) -> Iterator[Tab]:
    tab = Tab(browser)
    yield tab
    tab.close()


@pytest.fixture
def alice(demo: Demo, tab: Tab) -> Iterator[Page]:
    with logged_in(tab, demo, "alice") as page:
        yield page


@pytest.fixture
def bob(demo: Demo, tab_of_bob: Tab) -> Iterator[Page]:
    with logged_in(tab_of_bob, demo, "bob") as page:
        yield page


def notify(page: Page, user: str, text: str) -> None:
    page.get_by_label("Notify").select_option(user)
    page.get_by_label("What to say").fill(text)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#result")).to_have_text("Sent.")
    page.get_by_label("What to say").fill("")


def expect_unread(page: Page, count: int) -> None:
    name = f"Notifications: {count} unread" if count else "Notifications"
    expect(page.get_by_role("button", name=name, exact=True)).to_be_visible(timeout=20_000)
    expect(page).to_have_title(f"({count}) Bell" if count else "Bell")


def connections(demo: Demo, user: str) -> int:
    count: int = demo.system.call(f"/users/{user}")[1]["connections"]
    return count


def test_each_user_sees_only_what_is_for_them(demo: Demo, alice: Page, bob: Page) -> None:
    problems: list[str] = []
    for page in (alice, bob):
        page.on("pageerror", lambda problem: problems.append(str(problem)))
    notify(alice, "bob", "for bob <b>only</b>")
    expect_unread(bob, 1)
    notify(bob, "alice", "for alice")
    expect_unread(alice, 1)

    expect(bob.locator("#notes .unread")).to_contain_text("for bob <b>only</b>")
    expect(alice.locator("#notes .unread")).to_contain_text("for alice")
    assert bob.locator("#notes b").count() == 0  # As text, never as HTML.
    for page, other in ((alice, "for bob"), (bob, "for alice")):
        expect(page.locator("#notes")).not_to_contain_text(other)
    assert problems == []


def test_everybody_can_read_it(demo: Demo, alice: Page, bob: Page) -> None:
    bob.set_viewport_size({"width": 320, "height": 640})
    notify(alice, "bob", "long " * 20 + "x" * 90)
    expect_unread(bob, 1)

    assert faults(bob) == []


def test_two_tabs_have_one_connection_and_what_is_read_in_one_is_read_in_both(
    demo: Demo, alice: Page, bob: Page
) -> None:
    tab = bob.context.new_page()
    with tab.expect_response("**/notes"):
        tab.goto(demo.url)
    wait_until(lambda: connections(demo, "bob") == 1, "one connection")
    notify(alice, "bob", "in both tabs")
    for page in (bob, tab):
        expect_unread(page, 1)
    tab.locator("#bell").click()
    expect(tab.locator("#notes li").first).to_contain_text("in both tabs")
    tab.get_by_role("button", name="Mark all as read").click()

    for page in (bob, tab):
        expect_unread(page, 0)
    assert connections(demo, "bob") == 1


def test_what_comes_is_seen_after_tokens_have_expired(demo: Demo, alice: Page, bob: Page) -> None:
    for number in (1, 2):
        with bob.expect_response("**/token"):
            pass
        notify(alice, "bob", f"under token {number}")
        expect_unread(bob, number)


def test_what_came_while_away_is_seen_after_a_restart(demo: Demo, alice: Page, bob: Page) -> None:
    notify(alice, "bob", "before")
    expect_unread(bob, 1)
    demo.ws.kill_all()
    notify(alice, "bob", "while away")
    demo.start_ws()

    expect_unread(bob, 2)
    expect(bob.locator("#notes li").first).to_contain_text("while away")


def test_a_tab_of_who_has_logged_out_acts_as_nobody_else(demo: Demo, bob: Page) -> None:
    """In another tab somebody else has logged in. Its next token would be that one's."""
    tab = bob.context.new_page()
    tab.goto(demo.url)
    tab.get_by_role("button", name="Log out").click()
    tab.get_by_role("button", name="alice").click()
    expect(tab.locator("main")).to_have_attribute("data-user", "alice")

    expect(bob.locator("main")).to_have_attribute("data-user", "alice")
