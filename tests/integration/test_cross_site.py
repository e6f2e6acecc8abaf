"""What a page of another site can do in the browser of somebody who reaches the HTTP API."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.support.keys import SECRET
from tests.support.processes import free_port
from tests.support.system import KEY, System

SIGN = """([url, options]) => fetch(url, {method: "POST", body: "{}", ...options})
    .then(async answer => [answer.type, answer.status, await answer.text()],
          problem => [problem.name, 0, ""])"""
TOKEN = "7hYcqS3fEx4mpleT0ken"
PUSH = """([url, options]) => fetch(url, {method: "POST", ...options})
    .then(answer => answer.type, problem => problem.name)"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """An HTTP API where whoever reaches it may push; what is pushed stays in the queue."""
    with System(tmp_path_factory.mktemp("shared")) as system:
        system.start_ws(system.ws_port, POLL_INTERVAL=3600)
        system.start_http(SUBSCRIBE_SECRET=SECRET)
        yield system


def open_another_site(system: System, page: Page) -> str:
    """`page` at another origin than the HTTP API's; where it would push to."""
    page.goto(f"http://localhost:{system.ws_port}/healthz")
    return f"http://127.0.0.1:{system.http_port}/push"


def test_a_page_of_another_site_cannot_send_a_token(shared: System, page: Page) -> None:
    port = free_port()
    shared.start_http(port, PUSH_TOKENS=f"backend:{TOKEN}")
    open_another_site(shared, page)
    url = f"http://127.0.0.1:{port}/push"
    options = {"body": "content=x", "headers": {"Authorization": f"Bearer {TOKEN}"}}

    assert page.evaluate(PUSH, [url, options]) == "TypeError"
    assert shared.redis.llen(KEY) == 0


def test_without_tokens_a_page_of_another_site_can_push_and_read_no_answer(
    shared: System, page: Page
) -> None:
    url = open_another_site(shared, page)
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    options = {"body": "content=x", "headers": form, "mode": "no-cors"}
    assert page.evaluate(PUSH, [url, options]) == "opaque"
    assert shared.redis.lpop(KEY) == b"x"
    assert page.evaluate(PUSH, [url, {"body": "content=x", "headers": form}]) == "TypeError"
    assert shared.redis.lpop(KEY) == b"x"


def test_a_page_of_another_site_can_have_no_token_signed(shared: System, page: Page) -> None:
    url = open_another_site(shared, page).replace("/push", "/tokens")
    sent = {"headers": {"Content-Type": "application/json"}}

    assert page.evaluate(SIGN, [url, sent]) == ["TypeError", 0, ""]
    assert page.evaluate(SIGN, [url, {"mode": "no-cors"}]) == ["opaque", 0, ""]
    page.goto(url.replace("/tokens", "/"))
    kind, status, body = page.evaluate(SIGN, ["/tokens", sent])
    assert (kind, status) == ("basic", 200)
    assert json.loads(body)["token"]
