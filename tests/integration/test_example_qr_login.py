"""The demo of a login by QR code in Chromium: a computer and a phone, which share nothing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.support.demos import Demo, faults
from tests.support.keys import SECRET
from tests.support.system import System
from tests.support.tab import Tab

PHONE = ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with System(tmp_path_factory.mktemp("qr_login")) as system:
        yield Demo(system, "qr_login")


class Computer:
    """The page with the code, what it has asked and heard, and what went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        self.asked: list[str] = []
        self.heard: list[str] = []
        page.on("pageerror", lambda problem: self.problems.append(str(problem)))
        page.on("console", lambda said: self.problems.append(said.text))
        page.on("request", lambda asked: self.asked.append(asked.url))
        page.on("websocket", lambda socket: socket.on("framereceived", self._hear))

    def _hear(self, frame: str | bytes) -> None:
        self.heard.append(str(frame))

    def open(self, url: str) -> str:
        """Once it listens: the address that its QR code says."""
        with self.page.expect_response("**/look"):
            self.page.goto(url)
        return self.address()

    def address(self) -> str:
        return self.page.locator("#other a").get_attribute("href") or ""

    def expect(self, state: str) -> None:
        expect(self.page.locator("main")).to_have_attribute("data-state", state)

    def expect_user(self, name: str) -> None:
        expect(self.page.locator("#user")).to_have_text(name)


@pytest.fixture
def computer(page: Page) -> Computer:
    return Computer(page)


@pytest.fixture(scope="module")
def tab_of_phone(browser: Browser) -> Iterator[Tab]:
    tab = Tab(browser, viewport=PHONE, is_mobile=True, has_touch=True)
    yield tab
    tab.close()


@pytest.fixture
def phone(tab_of_phone: Tab) -> Iterator[Page]:
    with tab_of_phone.used() as page:
        yield page


def test_the_computer_is_logged_in_when_the_phone_confirms(
    demo: Demo, computer: Computer, phone: Page
) -> None:
    address = computer.open(demo.url)
    computer.expect("waiting")
    phone.goto(address)
    expect(phone.get_by_role("heading")).to_have_text("Log in on that computer?")
    computer.expect("scanned")
    phone.get_by_role("button", name="Log in").tap()
    expect(phone.get_by_role("status")).to_contain_text("Done.")
    computer.expect_user("alice")

    looks = [url for url in computer.asked if url.endswith("/look")]
    code = address.rpartition("/")[2]
    assert len(looks) == 3  # When it was connected, and at each message: it does not poll.
    assert not any(code in frame for frame in computer.heard)
    assert computer.problems == []


def test_everybody_can_read_both_pages(demo: Demo, computer: Computer, phone: Page) -> None:
    address = computer.open(demo.url)
    assert faults(computer.page) == []
    phone.goto(address)
    assert faults(phone) == []
    phone.get_by_role("button", name="Cancel").tap()
    computer.expect("cancelled")
    assert faults(computer.page) == []


def test_the_computer_is_told_of_a_cancel_and_offers_another_code(
    demo: Demo, computer: Computer, phone: Page
) -> None:
    address = computer.open(demo.url)
    expect(computer.page.get_by_role("link", name="New code")).to_be_hidden()
    phone.goto(address)
    phone.get_by_role("button", name="Cancel").tap()
    expect(phone.get_by_role("status")).to_contain_text("Nobody is logged in.")
    computer.expect("cancelled")

    computer.page.get_by_role("link", name="New code").click()
    computer.expect("waiting")
    assert computer.address() != address


def test_a_code_expires_on_both(demo: Demo, computer: Computer, phone: Page) -> None:
    computer.page.goto(demo.start_app("qr_login", CODE_SECONDS=1))
    computer.expect("expired")
    phone.goto(computer.address())

    expect(phone.get_by_role("status")).to_contain_text("too old")
    expect(phone.get_by_role("button")).to_have_count(0)
    expect(computer.page.get_by_role("link", name="New code")).to_be_visible()


def test_a_code_that_was_used_logs_nobody_in_again(
    demo: Demo, computer: Computer, phone: Page
) -> None:
    address = computer.open(demo.url)
    phone.goto(address)
    phone.get_by_role("button", name="Log in").tap()
    computer.expect_user("alice")

    phone.reload()  # The same POST once more.
    expect(phone.get_by_role("status")).to_contain_text("was used before")
    phone.goto(address)
    expect(phone.get_by_role("status")).to_contain_text("was used before")


def test_a_stranger_who_knows_everything_but_the_cookie_is_not_logged_in(
    demo: Demo, browser: Browser, computer: Computer, phone: Page
) -> None:
    with browser.new_context() as other:
        stranger = Computer(other.new_page())
        address = computer.open(demo.url)
        stranger.open(demo.url)
        phone.goto(address)
        phone.get_by_role("button", name="Log in").tap()
        expect(phone.get_by_role("status")).to_contain_text("Done.")
        answer = stranger.page.evaluate(
            """async (code) => (await fetch("/look", {
                method: "POST", body: new URLSearchParams({ code })
            })).json()""",
            address.rpartition("/")[2],
        )
        assert answer == {"state": "expired"}
        stranger.page.goto(demo.url)
        expect(stranger.page.locator("#user")).to_have_count(0)
        computer.expect_user("alice")


def test_a_login_goes_on_over_a_restart_of_the_websocket_server(
    demo: Demo, computer: Computer, phone: Page
) -> None:
    address = computer.open(demo.url)
    demo.ws.kill_all()
    expect(computer.page.locator("#connection")).to_contain_text("connection is lost")
    phone.goto(address)
    phone.get_by_role("button", name="Log in").tap()
    expect(phone.get_by_role("status")).to_contain_text("Done.")
    demo.start_ws()

    computer.expect_user("alice")


def test_the_page_says_so_if_the_websocket_server_cannot_be_reached(demo: Demo, page: Page) -> None:
    page.route("**/client.js", lambda route: route.abort())
    page.goto(demo.url)

    expect(page.locator("#connection")).to_contain_text("This page cannot listen: Failed to fetch")


def test_where_listeners_need_a_token_the_page_has_one_for_its_channel(
    tmp_path_factory: pytest.TempPathFactory, computer: Computer, phone: Page
) -> None:
    with System(tmp_path_factory.mktemp("secured")) as system:
        address = computer.open(Demo(system, "qr_login", SUBSCRIBE_SECRET=SECRET).url)
        phone.goto(address)
        computer.expect("scanned")
        phone.get_by_role("button", name="Log in").tap()
        computer.expect_user("alice")
