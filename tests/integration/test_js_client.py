"""The JavaScript client in Chromium: every message once and in order, whatever happens on the way.

CLIENT_RESTARTS and CLIENT_CUTS say how often the server is killed, and the network cut.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

from tests.integration.conftest import FLAGS, WHOLE
from tests.support.keys import SECRET, in_seconds, signed
from tests.support.processes import wait_until
from tests.support.redis_servers import Proxy
from tests.support.system import KEY, Pusher, System
from tests.support.websocket import LIMIT

RESTARTS = int(os.environ.get("CLIENT_RESTARTS", "3"))
CUTS = int(os.environ.get("CLIENT_CUTS", "3"))
TABS = 5  # Three of them end.

FOLLOW = """async ([url, options]) => {
    const { connect } = await import("/client.js");
    window.seen = [];
    window.told = [];
    if (window.freshToken) options.token = () => freshToken();
    window.center = connect(url, options);
    center.on("message", ({ content }) => seen.push(content));
    for (const type of ["gap", "closed", "state", "error"]) {
        center.on(type, (what) => told.push([type, what]));
    }
}"""

# The page does nothing until it has an answer.
HANG = """(port) => void setTimeout(() => {
    const request = new XMLHttpRequest();
    request.open("GET", `http://127.0.0.1:${port}/`, false);
    request.send();
    seen.push("awake");
})"""
ANSWER = b"HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\n\r\n"

# A handler that waits for an answer, as one that works for long.
GET_STUCK = """([url, port]) => {
    window.bare = new WebSocket(url);
    center.on("message", () => {
        const request = new XMLHttpRequest();
        request.open("GET", `http://127.0.0.1:${port}/`, false);
        request.send();
    });
}"""


@pytest.fixture
def served(system: System) -> System:
    """The HTTP API, whose `/client.js` the pages import; for a test that kills a server."""
    system.start_http()
    return system


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Both servers, for the tests that leave them as they are."""
    with System(tmp_path_factory.mktemp("shared")) as system:
        system.start_http()
        system.start_ws(system.ws_port, POLL_INTERVAL=0.02)
        yield system


@pytest.fixture(scope="module")
def secured(shared: System) -> int:
    """The port of another WebSocket server, where listeners need a token."""
    return shared.start_ws(POLL_INTERVAL=0.02, SUBSCRIBE_SECRET=SECRET)[1]


@pytest.fixture
def context(own_page: Page) -> BrowserContext:
    return own_page.context


def follow(page: Page, system: System, url: str, **options: object) -> None:
    """Open a page of the HTTP port, and have it follow."""
    page.goto(f"http://127.0.0.1:{system.http_port}/healthz")
    page.evaluate(FOLLOW, [url, {"firstWait": 100, "maxWait": 500, **options}])


def wait_for_state(page: Page, state: str = "connected") -> None:
    page.wait_for_function("state => center.state === state", arg=state)


def wait_for_content(page: Page, content: str) -> None:
    page.wait_for_function("content => seen.includes(content)", arg=content, timeout=60_000)


def told(page: Page, kind: str) -> list[object]:
    everything: list[tuple[str, object]] = page.evaluate("told")
    return [what for type_, what in everything if type_ == kind]


def connections(system: System) -> int:
    count: int = system.call("/channels/orders")[1]["connections"]
    return count


def test_every_message_comes_once_and_in_order_through_restarts(served: System, page: Page) -> None:
    ws, port = served.start_ws(POLL_INTERVAL=0.02)
    follow(page, served, f"ws://127.0.0.1:{port}/")
    wait_for_state(page)
    pusher = Pusher(served)
    try:
        for _ in range(RESTARTS):
            pusher.wait_for_more()
            ws.kill_all()
            pusher.wait_for_more(5)
            ws, _ = served.start_ws(port, POLL_INTERVAL=0.02)
            pusher.wait_for_more()
            wait_for_state(page)
    finally:
        pushed = pusher.stop()
    served.push("end")
    wait_for_content(page, "end")

    assert page.evaluate("seen") == [*pushed, "end"]
    assert told(page, "gap") == []
    assert page.evaluate("told.filter(([, { state }]) => state === 'waiting').length") >= RESTARTS


def test_every_message_comes_once_and_in_order_through_cuts(shared: System, page: Page) -> None:
    """Every third time nobody is told: what there is carries nothing any more."""
    port = shared.ws_port
    with closing(Proxy(port)) as proxy:
        follow(page, shared, f"ws://127.0.0.1:{proxy.port}/", pulse=300)
        wait_for_state(page)
        pusher = Pusher(shared)
        try:
            for cut in range(CUTS):
                pusher.wait_for_more()
                if cut % 3 == 2:
                    proxy.lose_connections()
                else:
                    proxy.reset_connections()
                shared.push(f"after cut {cut}")
                wait_for_content(page, f"after cut {cut}")
        finally:
            pushed = pusher.stop()
        shared.push("end")
        wait_for_content(page, "end")
        seen: list[str] = page.evaluate("seen")

    assert [each for each in seen if each.startswith("message")] == pushed
    assert [each for each in seen if each.startswith("after")] == [
        f"after cut {cut}" for cut in range(CUTS)
    ]
    assert told(page, "gap") == []


def open_tabs(
    context: BrowserContext, system: System, count: int = TABS, **options: object
) -> list[Page]:
    tabs = [context.new_page() for _ in range(count)]
    for tab in tabs:
        follow(tab, system, f"ws://127.0.0.1:{system.ws_port}/", channels=["orders"], **options)
    for tab in tabs:
        wait_for_state(tab)
    return tabs


def leads(tab: Page) -> bool:
    """Whether this tab has the lock."""
    mine: bool = tab.evaluate(
        """async () => {
            const { held } = await navigator.locks.query();
            const own = await new Promise((answer) => navigator.locks.request(
                "who am I", async ({ name }) => answer((await navigator.locks.query()).held
                    .find((each) => each.name === name).clientId)));
            return held.some(({ name, clientId }) =>
                name.includes("message-center") && clientId === own);
        }"""
    )
    return mine


def test_eight_tabs_have_one_connection_and_each_gets_each_message(
    shared: System, context: BrowserContext
) -> None:
    tabs = open_tabs(context, shared, 8)
    wait_until(lambda: connections(shared) == 1, "one connection")
    pushed = [f"message {number}" for number in range(50)]
    for content in pushed:
        shared.redis.lpush(KEY, content)

    for tab in tabs:
        wait_for_content(tab, pushed[-1])
        assert tab.evaluate("seen") == pushed
    assert connections(shared) == 1


@pytest.mark.parametrize("ends", ["close", "crash", "navigate"])
def test_the_leading_tab_ends_and_nothing_is_missed(
    shared: System, context: BrowserContext, ends: str
) -> None:
    tabs = open_tabs(context, shared)
    crashed: list[Page] = []

    def note(tab: Page) -> None:
        crashed.append(tab)

    for tab in tabs:
        tab.on("crash", note)
    pusher = Pusher(shared)
    try:
        for _ in range(3):
            pusher.wait_for_more()
            leader = next(tab for tab in tabs if leads(tab))
            if ends == "close":
                leader.close()
            elif ends == "crash":
                crash(leader)
            else:
                leader.goto("about:blank")
            pusher.wait_for_more()
            tabs = [tab for tab in tabs if tab is not leader and tab not in crashed]
    finally:
        pushed = pusher.stop()
    shared.push("end")

    assert len(tabs) > 0
    for tab in tabs:
        wait_for_content(tab, "end")
        assert tab.evaluate("seen") == [*pushed, "end"]
        assert told(tab, "gap") == []
    wait_until(lambda: connections(shared) == 1, "one connection")


def test_a_tab_that_is_frozen_lets_another_one_lead_and_gets_all_when_it_wakes(
    shared: System, context: BrowserContext
) -> None:
    tabs = open_tabs(context, shared)
    leader = next(tab for tab in tabs if leads(tab))
    chromium = context.new_cdp_session(leader)
    chromium.send("Page.setWebLifecycleState", {"state": "frozen"})
    shared.push("while it is frozen")
    for tab in tabs:
        if tab is not leader:
            wait_for_content(tab, "while it is frozen")
    chromium.send("Page.setWebLifecycleState", {"state": "active"})
    wait_for_content(leader, "while it is frozen")
    shared.push("end")

    for tab in tabs:
        wait_for_content(tab, "end")
        assert tab.evaluate("seen") == ["while it is frozen", "end"]
    wait_until(lambda: connections(shared) == 1, "one connection")


def test_a_tab_that_hangs_loses_the_lock_and_gets_all_in_the_end(
    shared: System, context: BrowserContext
) -> None:
    tabs = open_tabs(context, shared, pulse=500)
    leader = next(tab for tab in tabs if leads(tab))
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(LIMIT)
        leader.evaluate(HANG, server.getsockname()[1])
        held, _ = server.accept()
        with held:
            shared.push("while it hangs")
            for tab in tabs:
                if tab is not leader:
                    wait_for_content(tab, "while it hangs")
            held.sendall(ANSWER)
    wait_for_content(leader, "while it hangs")
    shared.push("end")

    for tab in tabs:
        wait_for_content(tab, "end")
    assert leader.evaluate("seen") == ["awake", "while it hangs", "end"]
    assert sum(leads(tab) for tab in tabs) == 1
    assert not leads(leader)
    wait_until(lambda: connections(shared) == 1, "one connection")


def crash(tab: Page) -> None:
    """End the process of a tab, as if the system had killed it."""
    with tab.expect_event("crash"), suppress(PlaywrightError):
        tab.goto("chrome://crash")


@pytest.fixture
def keeping_page(browser: Browser) -> Iterator[Page]:
    """Of a browser that keeps pages for a way back, which Playwright turns off."""
    if WHOLE is None and "CI" not in os.environ:
        pytest.skip("there is no Chromium with windows on this machine")
    program = browser.browser_type
    path, kept = WHOLE, ["--disable-back-forward-cache"]
    other = program.launch(executable_path=path, args=FLAGS, ignore_default_args=kept)
    yield other.new_page()
    other.close()


def test_a_page_that_comes_back_in_the_history_gets_what_it_missed(
    shared: System, keeping_page: Page
) -> None:
    page = keeping_page
    port = shared.ws_port
    follow(page, shared, f"ws://127.0.0.1:{port}/", channels=["orders"])
    wait_for_state(page)
    page.evaluate("window.isTheSame = true")
    page.goto(f"http://127.0.0.1:{shared.http_port}/readyz")
    wait_until(lambda: connections(shared) == 0, "it has let go")
    shared.push("while away")
    page.go_back(wait_until="commit")
    assert page.evaluate("window.isTheSame") is True
    wait_for_content(page, "while away")


def test_events_come_where_websockets_are_blocked(served: System, own_page: Page) -> None:
    page = own_page
    ws, port = served.start_ws(POLL_INTERVAL=0.02, SUBSCRIBE_SECRET=SECRET)
    page.route_web_socket("**", lambda route: route.close(code=1006))
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    token = signed({"channels": ["orders"], "exp": in_seconds(60)})
    follow(page, served, f"ws://127.0.0.1:{port}/", token=token)
    wait_for_state(page)
    served.push("first")
    wait_for_content(page, "first")
    ws.kill_all()
    served.push("while away")
    served.start_ws(port, POLL_INTERVAL=0.02, SUBSCRIBE_SECRET=SECRET)
    wait_for_content(page, "while away")

    assert page.evaluate("seen") == ["first", "while away"]
    assert not any(token in address for address in addresses)


def test_a_token_that_expires_is_replaced_at_once(
    shared: System, secured: int, own_page: Page
) -> None:
    """Clocks may differ by 5 seconds: these tokens are good for about two."""
    given: list[str] = []

    def fresh() -> str:
        given.append(signed({"sub": "42", "exp": in_seconds(-3)}))
        return given[-1]

    own_page.expose_function("freshToken", fresh)
    follow(own_page, shared, f"ws://127.0.0.1:{secured}/")
    wait_for_state(own_page)
    pusher = Pusher(shared)
    try:
        own_page.wait_for_function("told.filter(([, { code }]) => code === 4001).length >= 2")
        wait_for_state(own_page)
    finally:
        pushed = pusher.stop()
    shared.push("end")
    wait_for_content(own_page, "end")
    waits = [what for what in told(own_page, "state") if isinstance(what, dict) and "code" in what]

    assert own_page.evaluate("seen") == [*pushed, "end"]
    assert len(given) >= 3
    assert waits[0] == {
        "state": "waiting",
        "code": 4001,
        "reason": "the token has expired",
        "wait": 0,
    }


def test_who_is_refused_is_told_why_and_does_not_come_back(
    shared: System, secured: int, page: Page
) -> None:
    token = signed({"channels": ["orders"], "exp": in_seconds(60)})
    follow(page, shared, f"ws://127.0.0.1:{secured}/", token=token, channels=["secrets"])
    wait_for_state(page, "closed")

    assert told(page, "closed") == [{"code": 403, "reason": "not allowed to listen to secrets"}]


def test_what_a_handler_is_stuck_with_is_not_confirmed(shared: System, page: Page) -> None:
    """Though the browser answers pings all the while: so does the bare socket beside it."""
    port = shared.ws_port
    follow(page, shared, f"ws://127.0.0.1:{port}/", share=False, channels=["stuck"])
    wait_for_state(page)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(LIMIT)
        page.evaluate(
            GET_STUCK, [f"ws://127.0.0.1:{port}/?channels=stuck", server.getsockname()[1]]
        )
        page.wait_for_function("bare.readyState === 1")
        push_with_receipt(shared, "stuck")
        held, _ = server.accept()
        with held:
            wait_for_receipt(shared, "stuck", to=2, written=2, confirmed=1)
            wait_until(lambda: len(late(shared, "stuck")) == 1, "one is late")
            held.sendall(ANSWER)
            wait_for_receipt(shared, "stuck", to=2, written=2, confirmed=2)


def push_with_receipt(system: System, id_: str) -> None:
    """To these alone: pages of other tests may still be there."""
    assert system.call(f"/push?content={id_}&channel=stuck&receipt=1&id={id_}")[0] == 200


def wait_for_receipt(system: System, id_: str, **wanted: int) -> None:
    def is_so() -> bool:
        return bool(wanted.items() <= system.call(f"/messages/{id_}")[1].items())

    wait_until(is_so, f"{id_}: {wanted}")


def late(system: System, id_: str) -> list[object]:
    found: list[object] = system.call(f"/messages/{id_}")[1]["late"]
    return found
