"""TLS through the proxies, with the example files of docs/proxy/ as they are.

Skipped, visibly, where a program is missing; on CI it must be there.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from config.settings import Settings
from tests.support.certificate import Certificate, make_certificate
from tests.support.keys import SECRET as SUBSCRIBE_SECRET
from tests.support.processes import wait_until
from tests.support.proxies import (
    API,
    AWAY,
    EMPTY,
    LISTEN,
    ONE,
    ONE_ADDRESS,
    Proxy,
    make_place,
    serving,
)
from tests.support.stub import stub
from tests.support.system import PREFIX, System

PUSH_TOKEN = "7hYcqS3fEx4mpleT0ken"
# Traefik cannot log a path without its query.
LOGGED = {"traefik": ("events@file", "api@file")}
SECRET = "eyJhbGciOiJIUzI1NiJ9"  # How a token begins.


@pytest.fixture
def stub_port() -> Iterator[int]:
    with stub() as port:
        yield port


@contextmanager
def in_front_of_nobody(program: str, certificate: Certificate, folder: Path) -> Iterator[Proxy]:
    """As while both servers of ours are being restarted."""
    with serving(program, make_place(folder / program, certificate)) as proxy:
        yield proxy


def next_data(stream: HTTPResponse) -> str:
    """The data of the next event of a stream."""
    while line := stream.readline().decode():
        field, _, value = line.rstrip("\n").partition(": ")
        if field == "data":
            return value
    raise EOFError


def test_messages_pass_through_with_tls_in_every_format(
    system: System, program: str, certificate: Certificate, tmp_path: Path
) -> None:
    _, port = system.start_ws(POLL_INTERVAL=0.05)
    system.start_http()
    place = make_place(tmp_path / program, certificate, port, system.http_port)

    with ExitStack() as stack:
        proxy = stack.enter_context(serving(program, place))
        text = stack.enter_context(proxy.connect())
        js = stack.enter_context(proxy.connect("/any/path?format=json"))
        events = stack.enter_context(proxy.asked(LISTEN, "/events"))
        prefixed = stack.enter_context(proxy.asked(LISTEN, "/any/prefix/events/"))
        assert text.status == js.status == 101
        assert events.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert json.loads(next_data(events))["complete"] is True
        assert json.loads(next_data(prefixed))["complete"] is True
        assert json.loads(js.texts(1)[0])["type"] == "welcome"

        with proxy.asked(API, "/push", "content=by TLS") as answer:
            assert json.load(answer) == {"code": 0, "msg": "success"}

        assert text.texts(1) == [PREFIX + "by TLS"]
        assert json.loads(js.texts(1)[0])["content"] == "by TLS"
        assert next_data(events) == PREFIX + "by TLS"


def test_a_body_of_the_largest_size_passes_through(
    system: System, program: str, certificate: Certificate, tmp_path: Path
) -> None:
    system.start_http(MAX_CONTENT_BYTES=Settings.max_body_bytes)
    place = make_place(tmp_path / program, certificate, None, system.http_port)
    form = "content=".ljust(Settings.max_body_bytes, "x")

    with serving(program, place) as proxy, proxy.asked(API, "/push", form) as answer:
        assert json.load(answer) == {"code": 0, "msg": "success"}


def test_an_event_source_gets_an_empty_stream_while_the_server_is_away(
    program: str, certificate: Certificate, tmp_path: Path
) -> None:
    with in_front_of_nobody(program, certificate, tmp_path) as proxy:
        with proxy.asked(LISTEN, "/events?last_id=1-0") as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"] == "text/event-stream"
            assert answer.headers["Access-Control-Allow-Origin"] in ("*", "")  # For pages.
            assert answer.read().strip() in EMPTY
        page = {"Origin": "https://a.example"}
        with proxy.asked(LISTEN, "/any/events/?last_id=1-0", None, page) as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
            assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        with proxy.connect() as client:
            assert client.status in AWAY
        with proxy.asked(API, "/push", "content=x") as answer:
            assert answer.status in AWAY


def test_a_forged_address_does_not_reach_the_server(
    stub_port: int, program: str, certificate: Certificate, tmp_path: Path
) -> None:
    place = make_place(tmp_path / program, certificate, stub_port, stub_port)
    forged = {"X-Forwarded-For": "203.0.113.7"}

    with serving(program, place) as proxy:
        for host, path in [(LISTEN, "/"), (LISTEN, "/events"), (API, "/push")]:
            with proxy.asked(host, path, None, forged) as answer:
                _, seen = json.load(answer)
            assert [value for name, value in seen if name == "x-forwarded-for"] == ["127.0.0.1"]


@pytest.mark.parametrize("is_served", [True, False])
def test_no_token_and_no_message_is_logged(
    stub_port: int, program: str, certificate: Certificate, tmp_path: Path, is_served: bool
) -> None:
    behind = stub_port if is_served else None
    place = make_place(tmp_path / program, certificate, behind, behind)
    headers = {
        "Authorization": f"Bearer {SECRET}",
        "Sec-WebSocket-Protocol": f"message-center.json, message-center.token.{SECRET}",
        "Referer": f"https://app.example.com/?token={SECRET}",
    }

    with serving(program, place) as proxy:
        for path in (f"/?token={SECRET}", f"/events?format=json&token={SECRET}"):
            with proxy.asked(LISTEN, path, None, headers) as answer:
                answer.read()
        with proxy.asked(API, f"/push?content={SECRET}", None, headers) as answer:
            assert answer.status in ((200,) if is_served else AWAY)

        named = LOGGED.get(program, ("/events", "/push"))
        wait_until(lambda: all(each in proxy.logs for each in named), "log lines")

    assert SECRET not in proxy.logs


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ("nginx", (ONE_ADDRESS, f"{ONE}:{{}}/ws", ONE)),
        ("caddy", ("", f"{LISTEN}:{{}}/", API)),
        ("haproxy", (ONE_ADDRESS, f"{ONE}:{{}}/ws", ONE)),  # Chromium's WebSockets go over HTTP/2.
    ],
    indirect=["program"],
    ids=["one address", "two addresses", "over HTTP/2"],
)
def test_the_console_works_behind_it_with_everything_protected(
    system: System, program: str, names: tuple[str, str, str], tmp_path: Path, browser: Browser
) -> None:
    form, listen, api = names
    certificate = make_certificate(tmp_path, LISTEN, api)
    ports = system.ws_port, system.http_port
    place = make_place(tmp_path / program, certificate, *ports, form)
    console = f"https://{api}:{place.port}"
    settings = {
        "PUSH_TOKENS": f"backend:{PUSH_TOKEN}",
        "SUBSCRIBE_SECRET": SUBSCRIBE_SECRET,
        "ALLOWED_ORIGINS": console,
        "TRUSTED_PROXIES": "127.0.0.1",
        "WS_PUBLIC_URL": f"wss://{listen.format(place.port)}",
    }
    system.start_ws(system.ws_port, **settings)
    system.start_http(None, **settings)
    with serving(program, place), browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.goto(console)
        page.get_by_label("Token").fill(PUSH_TOKEN)
        page.keyboard.press("Enter")

        expect(page.locator(".messages .m")).to_contain_text(["Hello!"])
        host = listen.format(place.port).partition("/")[0]
        expect(page.locator("#state")).to_contain_text(f"live · {host} ·")


def test_browsers_get_http_2_for_many_streams(
    program: str, certificate: Certificate, tmp_path: Path
) -> None:
    with (
        in_front_of_nobody(program, certificate, tmp_path) as proxy,
        proxy.secure(LISTEN, "h2") as connection,
    ):
        assert connection.selected_alpn_protocol() == "h2"
