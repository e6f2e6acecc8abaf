"""What a page of another site can do in the browser of somebody who reaches the HTTP API."""

import json

from playwright.sync_api import Page

from tests.support.keys import SECRET
from tests.support.system import KEY, System

SIGN = """([url, options]) => fetch(url, {method: "POST", body: "{}", ...options})
    .then(async answer => [answer.type, answer.status, await answer.text()],
          problem => [problem.name, 0, ""])"""
TOKEN = "7hYcqS3fEx4mpleT0ken"
PUSH = """([url, options]) => fetch(url, {method: "POST", ...options})
    .then(answer => answer.type, problem => problem.name)"""


def open_another_site(system: System, page: Page) -> str:
    """`page` at another origin than the HTTP API's; where it would push to."""
    _, port = system.start_ws(POLL_INTERVAL=3600)  # What is pushed stays in the queue.
    page.goto(f"http://localhost:{port}/healthz")
    return f"http://127.0.0.1:{system.http_port}/push"


def test_a_page_of_another_site_cannot_send_a_token(system: System, page: Page) -> None:
    system.start_http(PUSH_TOKENS=f"backend:{TOKEN}")
    url = open_another_site(system, page)
    options = {"body": "content=x", "headers": {"Authorization": f"Bearer {TOKEN}"}}

    assert page.evaluate(PUSH, [url, options]) == "TypeError"
    assert system.redis.llen(KEY) == 0


def test_without_tokens_a_page_of_another_site_can_push_and_read_no_answer(
    system: System, page: Page
) -> None:
    system.start_http()
    url = open_another_site(system, page)
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    options = {"body": "content=x", "headers": form, "mode": "no-cors"}
    assert page.evaluate(PUSH, [url, options]) == "opaque"
    assert system.redis.lpop(KEY) == b"x"
    assert page.evaluate(PUSH, [url, {"body": "content=x", "headers": form}]) == "TypeError"


def test_a_page_of_another_site_can_have_no_token_signed(system: System, page: Page) -> None:
    system.start_http(SUBSCRIBE_SECRET=SECRET)
    url = open_another_site(system, page).replace("/push", "/tokens")
    sent = {"headers": {"Content-Type": "application/json"}}

    assert page.evaluate(SIGN, [url, sent]) == ["TypeError", 0, ""]
    assert page.evaluate(SIGN, [url, {"mode": "no-cors"}]) == ["opaque", 0, ""]
    page.goto(url.replace("/tokens", "/"))
    kind, status, body = page.evaluate(SIGN, ["/tokens", sent])
    assert (kind, status) == ("basic", 200)
    assert json.loads(body)["token"]
