"""The console in a real browser: Debian's Chromium, driven by Playwright.

Skipped, visibly, where there is no Chromium; on CI it must be there.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.console import open_console, rows, shifts
from tests.support.processes import wait_until
from tests.support.system import KEY, System


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Both servers with the default settings, for tests that leave nothing behind."""
    with System(tmp_path_factory.mktemp("shared")) as system:
        system.start_ws(system.ws_port, POLL_INTERVAL=0.05)
        system.start_http(WS_PORT=system.ws_port, POLL_INTERVAL=0.05)
        yield system


def test_a_newcomer_sees_a_message_without_typing(
    shared: System, page: Page, problems: list[str]
) -> None:
    open_console(page, shared)

    expect(rows(page)).to_contain_text(["Hello! This went from this page"])
    # How long the message took stands behind it, unless the page could connect only after it.
    expect(page.locator("#state")).to_contain_text(f"live · 127.0.0.1:{shared.ws_port}")
    expect(page.locator(".facts")).to_contain_text("connections")
    assert shifts(page) == []


def test_what_is_pushed_with_the_mouse_arrives_and_is_told_of(
    shared: System, page: Page, problems: list[str]
) -> None:
    open_console(page, shared)
    expect(rows(page).last).to_contain_text("Hello!")
    page.locator("#content").fill("消息 😀")
    button = page.get_by_role("button", name="Push", exact=True).bounding_box()
    assert button is not None
    page.mouse.move(button["x"] + button["width"] / 2, button["y"] + button["height"] / 2)
    page.mouse.down()
    page.mouse.up()

    expect(rows(page).last).to_contain_text("消息 😀")
    expect(page.locator("#result")).to_contain_text("confirmed by Redis in")
    expect(page.locator("#result")).to_contain_text("seen here after")
    assert shifts(page) == []


def test_an_event_is_shown_and_goes_along_when_it_is_pushed_again(
    shared: System, page: Page, problems: list[str]
) -> None:
    open_console(page, shared)
    expect(rows(page).last).to_contain_text("Hello!")
    shared.call("/push?content=paid&event=order.paid&except=1.2")
    expect(rows(page).last).to_contain_text("order.paid")

    rows(page).last.get_by_role("button", name="Push again").click()

    expect(rows(page).filter(has_text="order.paid")).to_have_count(2)
    first, again = shared.call("/messages?last=2")[1]["messages"]
    assert (again["content"], again["event"]) == ("paid", "order.paid")
    assert (first["except"], "except" in again) == ("1.2", False)


def test_of_more_than_can_be_read_it_shows_some_and_says_how_many_not(
    shared: System, page: Page, problems: list[str]
) -> None:
    open_console(page, shared)
    expect(rows(page).last).to_contain_text("Hello!")

    shared.redis.lpush(KEY, *map(str, range(1000)))

    expect(page.locator(".told").last).to_contain_text("more came too fast to be shown")
    expect(rows(page).locator("code").get_by_text("999", exact=True)).to_have_count(1)
    assert shifts(page) == []


def test_script_in_content_stays_text(shared: System, page: Page, problems: list[str]) -> None:
    content = "<img src=x onerror='window.hacked = true'><script>window.hacked = true</script>"
    open_console(page, shared)
    expect(rows(page).last).to_contain_text("Hello!")

    shared.redis.lpush(KEY, content)

    expect(rows(page).last.locator("code")).to_have_text(content)
    assert page.locator(".messages img, .messages script").count() == 0
    assert page.evaluate("window.hacked") is None


def test_content_that_is_nested_very_deeply_is_shown_as_text_and_the_next_arrives(
    shared: System, page: Page, problems: list[str]
) -> None:
    open_console(page, shared)
    expect(rows(page).last).to_contain_text("Hello!")
    shared.push("[" * 30_000 + "]" * 30_000)
    expect(rows(page).last).to_contain_text("[[[[")
    shared.push('{"after": "it"}')

    expect(rows(page).last).to_contain_text('"after": "it"')


def test_it_says_what_is_wrong_with_a_push(shared: System, page: Page, problems: list[str]) -> None:
    open_console(page, shared)
    page.locator("#content").fill("")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#content-problem")).to_have_text(
        "There is no content: write something to push."
    )
    page.route("**/push", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    page.locator("#content").fill("hello")
    page.keyboard.press("Control+Enter")

    expect(page.locator("#result")).to_have_text("HTTP 502")
    expect(page.locator("#content-problem")).to_have_text("")
    page.route("**/push", lambda route: route.fulfill(body="<h1>Log in first</h1>"))
    page.keyboard.press("Control+Enter")

    expect(page.locator("#result")).to_contain_text("The HTTP API does not answer: Unexpected")
    problems.clear()  # The browser tells of the 502, too.


def test_it_says_that_a_push_is_not_confirmed_yet(
    shared: System, page: Page, problems: list[str]
) -> None:
    open_console(page, shared)
    page.locator("#content").fill("hello")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#result")).to_contain_text("confirmed by Redis in")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/push", hold)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#result")).to_have_text("not confirmed yet…")
    held[0].continue_()

    expect(page.locator("#result")).to_contain_text("confirmed by Redis in")
    assert shifts(page) == []


def test_where_listeners_need_no_token_none_can_be_revoked(
    shared: System, page: Page, problems: list[str]
) -> None:
    open_console(page, shared, "who/user:42")

    expect(page.locator(".orders button:visible")).to_have_text(["Throw out…"])


def test_it_says_that_nothing_was_missed_while_the_server_was_away(
    system: System, page: Page, problems: list[str]
) -> None:
    _, port = system.start_ws(POLL_INTERVAL=0.05)
    http = system.start_http(WS_PORT=port)
    open_console(page, system)
    expect(rows(page).last).to_contain_text("Hello!")

    http.kill_all()
    expect(page.locator(".told").last).to_contain_text("Connection lost")
    expect(page.locator(".chip i")).to_have_text("…")  # Nobody knows how many listen.
    system.redis.lpush(KEY, "while it was away")
    system.start_http(WS_PORT=port)

    expect(page.locator(".told").last).to_contain_text("nothing was missed")
    expect(rows(page).last).to_contain_text("while it was away")
    assert shifts(page) == []


def test_a_token_is_asked_for_once_and_forgotten_with_the_tab(
    system: System, page: Page, problems: list[str]
) -> None:
    token = "0123456789abcdef"
    _, port = system.start_ws(POLL_INTERVAL=0.05)
    system.start_http(WS_PORT=port, PUSH_TOKENS=f"page:{token}")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))

    open_console(page, system)
    for wrong in ("no-such-token", "密码"):  # The second cannot even be sent.
        page.get_by_label("Token").fill(wrong)
        page.keyboard.press("Enter")
        expect(page.locator("#token-problem")).to_contain_text("does not know this token")
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")
    expect(rows(page)).to_contain_text(["Hello!"])
    page.reload()
    expect(rows(page)).to_contain_text(["Hello!"])

    assert not any(token in address for address in addresses)
    with page.context.browser.new_page() as other:  # type: ignore[union-attr]
        open_console(other, system)
        expect(other.get_by_label("Token")).to_be_visible()


def test_it_says_that_its_token_was_taken_away(system: System, page: Page) -> None:
    _, port = system.start_ws()
    http = system.start_http(WS_PORT=port, PUSH_TOKENS="page:0123456789abcdef")
    open_console(page, system)
    page.get_by_label("Token").fill("0123456789abcdef")
    page.keyboard.press("Enter")
    expect(rows(page)).to_contain_text(["Hello!"])
    http.kill_all()
    system.start_http(WS_PORT=port, PUSH_TOKENS="page:fedcba9876543210")

    expect(page.locator("#token-problem")).to_contain_text("does not know")


def test_a_tab_that_nobody_sees_gives_its_stream_up_and_goes_on_where_it_was(
    shared: System, own_page: Page, problems: list[str]
) -> None:
    own_page.clock.install()
    open_console(own_page, shared)
    expect(rows(own_page).last).to_contain_text("Hello!")
    hide = """hidden => {
        Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""

    with own_page.expect_event("requestfailed", lambda request: "/messages/events" in request.url):
        own_page.evaluate(hide, True)
        own_page.clock.fast_forward(11_000)
    shared.push("while nobody looked")
    wait_until(
        lambda: "while nobody looked" in str(shared.call("/messages?last=1")), "it is logged"
    )
    assert "while nobody looked" not in rows(own_page).last.inner_text()
    own_page.evaluate(hide, False)

    expect(rows(own_page).last).to_contain_text("while nobody looked")
    expect(own_page.locator(".told")).to_have_count(0)


def test_numbers_that_a_browser_would_round_are_pushed_as_they_stand(
    shared: System, page: Page, problems: list[str]
) -> None:
    open_console(page, shared)
    expect(rows(page).last).to_contain_text("Hello!")

    page.locator("#content").fill('{"id": 9007199254740993}')
    page.keyboard.press("Control+Enter")

    expect(rows(page).last).to_contain_text('{"id": 9007199254740993}')
    (message,) = shared.call("/messages?last=1")[1]["messages"]
    assert message["content"] == '{"id": 9007199254740993}'


def test_where_a_browser_stores_nothing_it_works_all_the_same(
    shared: System, own_page: Page, problems: list[str]
) -> None:
    for name in ("sessionStorage", "localStorage"):
        own_page.add_init_script(
            f"Object.defineProperty(window, '{name}', {{ get() {{ throw new Error('denied'); }} }})"
        )
    open_console(own_page, shared)

    expect(rows(own_page).last).to_contain_text("Hello!")
    own_page.get_by_text("Python", exact=True).click()
    expect(own_page.locator(".send code")).to_contain_text("import")
