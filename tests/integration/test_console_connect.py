"""The console's page Connect a page: its code, its tokens, and what it says of a connection."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import open_console, rows, shifts
from tests.support.keys import SECRET, in_seconds, public_jwk, signed, write_jwks
from tests.support.processes import free_port
from tests.support.system import System

SOON = 20_000  # Milliseconds.


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Both servers; who listens needs a token, which the HTTP API signs."""
    with System(tmp_path_factory.mktemp("signing")) as system:
        own: dict[str, Any] = {"POLL_INTERVAL": 0.05, "SUBSCRIBE_SECRET": SECRET}
        system.start_ws(system.ws_port, **own)
        system.start_http(WS_PORT=system.ws_port, **own)
        yield system


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Both servers, where everybody may listen."""
    with System(tmp_path_factory.mktemp("plain")) as system:
        system.start_ws(system.ws_port, POLL_INTERVAL=0.05)
        system.start_http(WS_PORT=system.ws_port, POLL_INTERVAL=0.05)
        yield system


def listen_to(page: Page, names: str) -> None:
    page.locator("#listen-to").fill(names)
    page.keyboard.press("Enter")


def code(page: Page) -> Locator:
    return page.locator(".pages code")


def state(page: Page) -> Locator:
    return page.locator("#try-state")


def says(page: Page) -> Locator:
    return page.locator("#token-says")


def try_it(page: Page) -> None:
    page.get_by_role("button", name="Open a connection").click()


def push(system: System, **message: object) -> None:
    body = json.dumps(message).encode()
    assert system.call("/push", body, Content_Type="application/json")[0] == 200


def test_the_code_has_this_host_and_the_channels_that_were_typed(
    plain: System, page: Page, problems: list[str]
) -> None:
    open_console(page, plain, "connect")
    expect(code(page)).to_contain_text(f'WebSocket("ws://127.0.0.1:{plain.ws_port}/")')

    listen_to(page, "orders, news.*")
    expect(code(page)).to_contain_text(f":{plain.ws_port}/?channels=orders,news.*")
    page.get_by_text("with the client").click()
    expect(code(page)).to_contain_text(f'"http://127.0.0.1:{plain.http_port}/client.js"')
    listen_to(page, "new orders")
    expect(page.locator("#listen-to-problem")).to_contain_text("“new orders” cannot be a channel")
    page.locator("#listen-to").fill("")
    page.get_by_role("button", name="Remove orders").click()
    expect(code(page)).to_contain_text('channels: ["news.*"]')
    expect(page.get_by_text("Nobody needs one")).to_be_visible()

    listen_to(page, "orders")
    try_it(page)
    expect(state(page)).to_contain_text("Connected. It listens to news.*, orders")
    page.get_by_role("button", name="Push a test").click()
    expect(rows(page)).to_contain_text(["A test at"])
    assert shifts(page) == []


def test_a_token_that_is_made_there_lets_a_page_listen(
    signing: System, page: Page, problems: list[str]
) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.on("websocket", lambda socket: addresses.append(socket.url))
    open_console(page, signing, "connect")
    listen_to(page, "orders")
    page.get_by_label("User").fill("42")
    page.keyboard.press("Enter")

    expect(says(page)).to_contain_text("user 42 · may listen to orders · until")
    token = page.locator("#listen-token").input_value()
    expect(code(page)).to_contain_text(token)
    try_it(page)
    expect(state(page)).to_contain_text("Connected. It listens to orders")
    push(signing, content="for others", channels=["secrets"])
    push(signing, content="for orders", channels=["orders"])
    push(signing, content="for 42", users=["42"])

    expect(rows(page)).to_contain_text(["for orders", "for 42"])
    assert shifts(page) == []
    page.reload()  # The tab remembers it.
    expect(says(page)).to_contain_text("user 42")
    assert not any(token in address for address in addresses)


def test_who_is_thrown_out_is_told_so_and_stays_out(
    signing: System, page: Page, problems: list[str]
) -> None:
    open_console(page, signing, "connect")
    page.locator("#listen-token").fill(signed({"sub": "7", "exp": in_seconds(60)}))
    try_it(page)
    expect(state(page)).to_contain_text("Connected")

    signing.call("/users/7/connections", method="DELETE")

    expect(state(page)).to_contain_text("Closed: thrown out (4003)")
    expect(page.get_by_role("button", name="Open a connection")).to_be_visible()


def test_it_says_what_is_wrong_with_a_token(
    signing: System, page: Page, problems: list[str]
) -> None:
    open_console(page, signing, "connect")
    expect(says(page)).to_contain_text("Without one nobody may listen here")
    try_it(page)
    expect(state(page)).to_contain_text("a token is needed to listen (401 unauthorized)")

    field = page.locator("#listen-token")
    field.fill("no token")
    expect(says(page)).to_contain_text("That cannot be a token")
    expect(state(page)).to_contain_text("That cannot be a token")
    field.fill(signed({"exp": in_seconds(-60)}))
    expect(says(page)).to_contain_text("It has expired")
    listen_to(page, "secrets")
    field.fill(signed({"channels": ["orders"]}))
    expect(says(page)).to_contain_text("Does not allow secrets")
    try_it(page)
    expect(state(page)).to_contain_text("not allowed to listen to secrets (403 channel_forbidden)")
    field.fill(f"{signed({'channels': ['secrets']})[:-4]}AAAA")
    expect(state(page)).to_contain_text("is not signed with the key of this server", timeout=SOON)
    page.get_by_label("User").fill("user:42")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("#token-made")).to_contain_text("cannot be a user")
    expect(page.get_by_label("User")).to_be_focused()


def test_with_public_keys_only_it_says_what_a_backend_must_sign(
    system: System, page: Page, problems: list[str], tmp_path: Path
) -> None:
    keys: dict[str, Any] = {"SUBSCRIBE_JWKS_FILE": write_jwks(tmp_path, public_jwk("ES256"))}
    system.start_ws(system.ws_port, POLL_INTERVAL=0.05, **keys)
    system.start_http(WS_PORT=system.ws_port, **keys)
    open_console(page, system, "connect")
    expect(page.get_by_text("your backend signs these claims")).to_be_visible()
    expect(page.get_by_role("button", name="Make a token")).to_have_count(0)

    listen_to(page, "orders")
    page.get_by_label("User").fill("42")
    claims = json.loads(page.locator(".claims code").inner_text())
    assert (claims["sub"], claims["channels"]) == ("42", ["orders"])
    page.locator("#listen-token").fill(signed(claims, "ES256"))
    expect(says(page)).to_contain_text("user 42 · may listen to orders")
    try_it(page)

    expect(state(page)).to_contain_text("Connected. It listens to orders")
    expect(page.locator("#state")).to_contain_text("reading the log")
    assert shifts(page) == []


def test_a_page_of_another_origin_is_told_which_setting_says_so(
    system: System, page: Page, problems: list[str]
) -> None:
    origins: dict[str, Any] = {"ALLOWED_ORIGINS": "https://a.example"}
    system.start_ws(system.ws_port, **origins)
    system.start_http(WS_PORT=system.ws_port, **origins)
    open_console(page, system, "connect")
    expect(page.get_by_text("Only pages of https://a.example may listen")).to_be_visible()

    try_it(page)

    said = f"Pages of http://127.0.0.1:{system.http_port} may not listen: it is not in ALLOWED_ORIG"
    expect(state(page)).to_contain_text(said)
    page.get_by_role("link", name="Health").click()
    expect(page.locator("#check-browser")).to_contain_text(said)
    expect(page.locator("#verdict")).to_contain_text("This browser cannot listen now")


def test_a_refusal_that_may_pass_is_said_and_tried_again(
    system: System, page: Page, problems: list[str]
) -> None:
    system.start_ws(system.ws_port, MAX_CONNECTIONS=1)
    system.start_http(WS_PORT=system.ws_port)
    [first] = system.connect(system.ws_port)
    open_console(page, system, "health")

    expect(page.locator("#check-browser")).to_contain_text("(503 unavailable)")
    first.socket.close()
    expect(page.locator("#check-browser")).to_contain_text("Pages can listen at", timeout=SOON)
    page.get_by_role("link", name="Connect a page").click()
    try_it(page)  # The console's own connection takes the only place.
    expect(state(page)).to_contain_text("(503 unavailable). Trying again in")
    assert shifts(page) == []


def test_a_wrong_address_is_said_and_a_server_that_is_away(
    system: System, page: Page, problems: list[str]
) -> None:
    ws, _ = system.start_ws(system.ws_port)
    wrong = f"ws://127.0.0.1:{free_port()}/ws"
    http = system.start_http(WS_PORT=system.ws_port, WS_PUBLIC_URL=wrong)
    open_console(page, system, "connect")
    expect(code(page)).to_contain_text(wrong)
    try_it(page)
    expect(state(page)).to_contain_text(f"does not reach it at {wrong}, as WS_PUBLIC_URL says")
    http.stop()
    ws.stop()

    system.start_http(WS_PORT=system.ws_port)
    page.reload()
    try_it(page)
    expect(state(page)).to_contain_text("no WebSocket server says that it runs")
    system.start_ws(system.ws_port)
    expect(state(page)).to_contain_text("Connected", timeout=SOON)
    assert shifts(page) == []


def test_over_a_restart_nothing_is_missed(system: System, page: Page, problems: list[str]) -> None:
    ws, port = system.start_ws(POLL_INTERVAL=0.05)
    system.start_http(WS_PORT=port)
    open_console(page, system, "connect")
    listen_to(page, "orders")
    try_it(page)
    expect(state(page)).to_contain_text("Connected")

    ws.stop()
    said = page.locator(".told").filter(has_text="Closed: the server stops (1001)")
    expect(said).to_be_visible()
    push(system, content="while it was away", channels=["orders"])
    system.start_ws(port, POLL_INTERVAL=0.05)

    expect(rows(page)).to_contain_text(["while it was away"], timeout=SOON)
    page.get_by_role("button", name="Close it").click()
    expect(state(page)).to_have_text("Not open")


def test_without_the_client_it_says_so_and_asks_again(
    plain: System, page: Page, problems: list[str]
) -> None:
    page.route("**/client.js", lambda route: route.abort())
    open_console(page, plain, "health")
    expect(page.locator("#check-browser")).to_contain_text("The client could not be loaded")

    page.unroute("**/client.js")
    expect(page.locator("#check-browser")).to_contain_text("Pages can listen at", timeout=SOON)
