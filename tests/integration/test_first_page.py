"""The first page in a real browser: Debian's Chromium, driven by Playwright.

Skipped, visibly, where there is no Chromium; on CI it must be there.
"""

from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import Page, expect

from tests.support.keys import SECRET, in_seconds, signed
from tests.support.system import KEY, PREFIX, System

CONTROLS = ("#content", "#push button", "#channels")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Both servers with the default settings, for tests that leave nothing behind."""
    with System(tmp_path_factory.mktemp("shared")) as system:
        system.start_ws(system.ws_port, POLL_INTERVAL=0.05)
        system.start_http(WS_PORT=system.ws_port)
        yield system


def test_a_newcomer_pushes_and_sees_it_arrive(system: System, page: Page) -> None:
    ws, port = system.start_ws(POLL_INTERVAL=0.05)
    system.start_http(WS_PORT=port)
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))

    page.goto(f"http://127.0.0.1:{system.http_port}/")
    expect(page.locator("#state")).to_contain_text("connected to ws://127.0.0.1")
    page.get_by_label("Push a message").fill("<b>消息</b> 😀")
    page.get_by_role("button", name="Push").click()

    expect(page.locator("#messages li")).to_contain_text(PREFIX + "<b>消息</b> 😀")
    assert page.locator("#messages b").count() == 0  # Shown as text, never as HTML.
    expect(page.locator("#answer")).to_have_text('{"code":0,"msg":"success"}')

    ws.kill_all()
    expect(page.locator("#state")).to_have_attribute("data-state", "disconnected")
    system.start_ws(port, POLL_INTERVAL=0.05)
    expect(page.locator("#state")).to_have_attribute("data-state", "connected", timeout=20_000)
    system.redis.lpush(KEY, "after the restart")

    expect(page.locator("#messages li").first).to_contain_text("after the restart")
    assert problems == []


def test_the_page_says_that_an_empty_push_was_refused(shared: System, page: Page) -> None:

    page.goto(f"http://127.0.0.1:{shared.http_port}/")
    page.get_by_role("button", name="Push").click()

    expect(page.locator("#answer")).to_contain_text("内容不能为空")
    expect(page.locator("#messages li")).to_have_count(0)


def test_the_page_asks_for_a_token_when_one_is_needed(system: System, page: Page) -> None:
    token = "0123456789abcdef"
    _, port = system.start_ws(POLL_INTERVAL=0.05)
    system.start_http(WS_PORT=port, PUSH_TOKENS=f"page:{token}")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))

    page.goto(f"http://127.0.0.1:{system.http_port}/")
    expect(page.get_by_label("Token")).to_be_hidden()
    page.get_by_label("Push a message").fill("hello")
    page.get_by_role("button", name="Push").click()
    expect(page.locator("#answer")).to_contain_text("unauthorized")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Push").click()
    expect(page.locator("#messages li")).to_contain_text(PREFIX + "hello")

    page.reload()  # The tab remembers it.
    page.get_by_label("Push a message").fill("again")
    page.get_by_role("button", name="Push").click()
    expect(page.locator("#answer")).to_have_text('{"code":0,"msg":"success"}')
    assert addresses
    assert not any(token in address for address in addresses)


def test_the_page_pushes_and_listens_to_channels(shared: System, page: Page) -> None:
    sockets: list[str] = []
    forms: list[str | None] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.on("request", lambda request: forms.append(request.post_data))

    page.goto(f"http://127.0.0.1:{shared.http_port}/")
    expect(page.locator("#state")).to_have_text(f"connected to ws://127.0.0.1:{shared.ws_port}/")
    page.get_by_label("Only to these channels").fill("orders, news")
    page.get_by_label("Push a message").fill("hello")
    expect(page.locator("#state")).to_contain_text("channels=orders%2Cnews")
    page.get_by_role("button", name="Push").click()
    expect(page.locator("#answer")).not_to_be_empty()

    url = f"ws://127.0.0.1:{shared.ws_port}/"
    assert sockets == [url, f"{url}?channels=orders%2Cnews"]
    assert [form for form in forms if form] == ["content=hello&channels=orders%2Cnews"]


def boxes(page: Page, *names: str) -> Mapping[str, object]:
    """Where on the page, however it is scrolled, everything is that can be clicked."""
    place = "each => { const at = each.getBoundingClientRect(); return [at.x, at.y + scrollY]; }"
    return {name: page.locator(name).evaluate(place) for name in names or CONTROLS}


@pytest.mark.parametrize("size", [(1280, 800), (768, 1024), (390, 844), (320, 568)])
def test_a_click_is_carried_out_whatever_changes_meanwhile(
    shared: System, page: Page, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    names = "orders.eu.west.paid, orders.us, " + "n" * 90
    page.goto(f"http://127.0.0.1:{shared.http_port}/")
    page.get_by_label("Push a message").fill("hello")
    before = boxes(page)

    page.locator("#channels").click()
    page.keyboard.type(names)
    button = page.locator("#push button").bounding_box()
    assert button is not None
    page.mouse.move(button["x"] + button["width"] / 2, button["y"] + button["height"] / 2)
    page.mouse.down()  # The field loses the focus, so the page connects anew and says so.
    expect(page.locator("#state")).to_contain_text("connected to ws://127.0.0.1")
    expect(page.locator("#state")).to_contain_text("channels=orders")
    during = boxes(page)
    page.mouse.up()

    expect(page.locator("#answer")).to_have_text('{"code":0,"msg":"success"}')
    assert before == during == boxes(page)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= size[0]  # Nothing has to be scrolled sideways.


def test_nothing_moves_when_messages_come_or_tokens_are_asked_for(
    system: System, page: Page
) -> None:
    _, port = system.start_ws(POLL_INTERVAL=0.05, SUBSCRIBE_SECRET=SECRET)
    system.start_http(WS_PORT=port, PUSH_TOKENS="page:0123456789abcdef")
    page.set_viewport_size({"width": 390, "height": 500})
    page.goto(f"http://127.0.0.1:{system.http_port}/")
    before = boxes(page)

    expect(page.locator("#listen-token")).to_be_visible()
    listen = boxes(page, "#listen-token")
    page.get_by_role("button", name="Push").click()
    expect(page.locator("#token")).to_be_visible()
    assert boxes(page, "#listen-token") == listen
    page.locator("#listen-token").fill(signed({"exp": in_seconds(60)}))
    page.get_by_role("button", name="Listen").click()
    expect(page.locator("#state")).to_have_attribute("data-state", "connected")
    system.redis.lpush(KEY, *["long " * 50] * 20)
    expect(page.locator("#messages li")).to_have_count(20)

    assert boxes(page) == before


def test_a_blank_inside_a_name_is_said_at_the_field_and_not_left_out(
    shared: System, page: Page
) -> None:
    sockets: list[str] = []
    forms: list[str | None] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.on("request", lambda request: forms.append(request.post_data))
    page.goto(f"http://127.0.0.1:{shared.http_port}/")
    expect(page.locator("#state")).to_have_attribute("data-state", "connected")

    page.get_by_label("Push a message").fill("hello")
    page.get_by_label("Only to these channels").fill("new orders , news")
    page.get_by_role("button", name="Push").click()

    expect(page.locator("#problem")).to_contain_text("“new orders” cannot be a channel")
    expect(page.locator("#channels")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#channels")).to_be_focused()
    assert [form for form in forms if form] == []
    assert len(sockets) == 1

    page.get_by_label("Only to these channels").fill(" orders , news,")
    page.get_by_role("button", name="Push").click()
    expect(page.locator("#answer")).to_have_text('{"code":0,"msg":"success"}')
    expect(page.locator("#problem")).to_be_empty()
    assert [form for form in forms if form] == ["content=hello&channels=orders%2Cnews"]


def test_an_event_source_can_be_tried_out_in_the_console(shared: System, page: Page) -> None:
    page.goto(f"http://127.0.0.1:{shared.http_port}/")

    heard = page.evaluate(
        """url => new Promise((resolve, reject) => {
            const source = new EventSource(url, {withCredentials: true});
            source.addEventListener("welcome", event => { source.close(); resolve(event.data); });
            source.onerror = () => reject(source.readyState);
        })""",
        f"http://127.0.0.1:{shared.ws_port}/events",
    )

    assert '"complete":true' in heard


def test_a_page_that_needs_a_token_says_so_and_takes_one(system: System, page: Page) -> None:
    _, port = system.start_ws(POLL_INTERVAL=0.05, SUBSCRIBE_SECRET=SECRET)
    system.start_http(WS_PORT=port)
    token = signed({"channels": ["orders"], "exp": in_seconds(60)})
    addresses: list[str] = []
    sockets: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(f"http://127.0.0.1:{system.http_port}/")

    expect(page.locator("#state")).to_have_text(
        "refused: a token is needed to listen (401 unauthorized)"
    )
    expect(page.locator("#state")).to_have_attribute("data-state", "refused")
    page.wait_for_timeout(1500)
    assert len(sockets) == 1  # It does not try again what cannot pass.

    page.locator("#listen-token").fill("no token")
    page.get_by_role("button", name="Listen").click()
    expect(page.locator("#state")).to_contain_text("that cannot be a token")
    page.locator("#listen-token").fill("a.b.c")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_contain_text("(401 bad_token)")
    page.locator("#listen-token").fill(token)
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_attribute("data-state", "connected")

    page.get_by_label("Only to these channels").fill("secrets")
    page.keyboard.press("Tab")
    expect(page.locator("#state")).to_have_text(
        "refused: not allowed to listen to secrets (403 channel_forbidden)"
    )

    page.reload()  # The tab remembers the token.
    page.get_by_label("Only to these channels").fill("")
    page.keyboard.press("Tab")
    expect(page.locator("#state")).to_have_attribute("data-state", "connected")
    assert not any(token in address for address in addresses + sockets)


def test_a_page_of_another_origin_is_told_which_setting_says_so(system: System, page: Page) -> None:
    _, port = system.start_ws(ALLOWED_ORIGINS="https://a.example")
    system.start_http(WS_PORT=port)
    page.goto(f"http://127.0.0.1:{system.http_port}/")

    expect(page.locator("#state")).to_contain_text(
        f"may pages of http://127.0.0.1:{system.http_port} listen (ALLOWED_ORIGINS)?"
    )


def test_a_refusal_that_may_pass_is_shown_and_tried_again(system: System, page: Page) -> None:
    _, port = system.start_ws(MAX_CONNECTIONS=1)
    system.start_http(WS_PORT=port)
    browser = page.context.browser
    assert browser is not None
    first = browser.new_page()
    first.goto(f"http://127.0.0.1:{system.http_port}/")
    expect(first.locator("#state")).to_have_attribute("data-state", "connected")

    page.goto(f"http://127.0.0.1:{system.http_port}/")
    expect(page.locator("#state")).to_contain_text("503 unavailable), trying again…")
    first.close()
    expect(page.locator("#state")).to_have_attribute("data-state", "connected", timeout=20_000)


def test_a_user_who_is_thrown_out_stays_out(system: System, page: Page) -> None:
    _, port = system.start_ws(POLL_INTERVAL=0.05, SUBSCRIBE_SECRET=SECRET)
    system.start_http(WS_PORT=port)
    page.goto(f"http://127.0.0.1:{system.http_port}/")
    page.locator("#listen-token").fill(signed({"sub": "42"}))
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_attribute("data-state", "connected")

    page.request.delete(f"http://127.0.0.1:{system.http_port}/users/42/connections")

    expect(page.locator("#state")).to_have_text("closed: thrown out (4003)")
    expect(page.locator("#state")).to_have_attribute("data-state", "refused")


def test_the_page_is_used_by_keyboard_alone(shared: System, page: Page) -> None:
    page.goto(f"http://127.0.0.1:{shared.http_port}/")
    expect(page.locator("#state")).to_have_attribute("data-state", "connected")

    page.keyboard.type("typed")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("orders")
    page.keyboard.press("Enter")

    expect(page.locator("#messages li")).to_contain_text(PREFIX + "typed")
