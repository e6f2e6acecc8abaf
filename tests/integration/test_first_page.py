"""The first page in a real browser: Debian's Chromium, driven by Playwright.

Skipped, visibly, where there is no Chromium; on CI it must be there.
"""

from playwright.sync_api import Page, expect

from tests.system import KEY, PREFIX, System


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


def test_the_page_says_that_an_empty_push_was_refused(system: System, page: Page) -> None:
    _, port = system.start_ws()
    system.start_http(WS_PORT=port)

    page.goto(f"http://127.0.0.1:{system.http_port}/")
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


def test_the_page_pushes_and_listens_to_channels(system: System, page: Page) -> None:
    _, port = system.start_ws()
    system.start_http(WS_PORT=port)
    sockets: list[str] = []
    forms: list[str | None] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.on("request", lambda request: forms.append(request.post_data))

    page.goto(f"http://127.0.0.1:{system.http_port}/")
    expect(page.locator("#state")).to_have_text(f"connected to ws://127.0.0.1:{port}/")
    page.get_by_label("Only to these channels").fill("orders, news")
    page.get_by_label("Push a message").fill("hello")
    expect(page.locator("#state")).to_contain_text("channels=orders%2Cnews")
    page.get_by_role("button", name="Push").click()
    expect(page.locator("#answer")).not_to_be_empty()

    url = f"ws://127.0.0.1:{port}/"
    assert sockets == [url, f"{url}?channels=orders%2Cnews"]
    assert [form for form in forms if form] == ["content=hello&channels=orders%2Cnews"]
