"""Both ports behind one address, with the example files of docs/proxy/one-address/ as they are.

Skipped, visibly, where Debian's package is missing; on CI it must be there.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificate import Certificate, make_certificate
from tests.support.keys import SECRET
from tests.support.processes import wait_until
from tests.support.proxies import AWAY, EMPTY, ONE, ONE_ADDRESS, Proxy, make_place, serving
from tests.support.stub import stub
from tests.support.system import PREFIX, System

ORIGIN = f"https://{ONE}"
PUSH_TOKEN = "7hYcqS3fEx4mpleT0ken"
BACKEND = {"Authorization": f"Bearer {PUSH_TOKEN}"}
JSON = "application/json"
HIDDEN = "eyJhbGciOiJIUzI1NiJ9"  # How a token begins.
PROTECTED: dict[str, Any] = {
    "PUSH_TOKENS": f"backend:{PUSH_TOKEN}",
    "SUBSCRIBE_SECRET": SECRET,
    "ALLOWED_ORIGINS": ORIGIN,
    "TRUSTED_PROXIES": "127.0.0.1",
    "WS_PUBLIC_URL": f"wss://{ONE}/ws",
    "DELIVERY": "instant",
}
# Paths of each server; those of the HTTP API are some of all others.
WS = ["/ws", "/ws/", "/events", "/events/", "/ws/events", "/ws/events/"]
WS += [
    "/app/a.key",
    "/app/a.key/",
    "/ws/app/a.key",
    "/r/tab-1/app/a.key",
    "/ws/r/tab-1/app/a.key",
]  # Pusher's clients.
WS += ["/socket.io/", "/ws/socket.io/"]
HTTP = ["/", "/client.js", "/push", "/about", "/messages/events", "/docs", "/static/a", "/healthz"]
HTTP += ["/wss", "/ws/push", "/eventsource", "/a/events", "/client.jsx"]
HTTP += ["/apps/3/events", "/apps/app/channels", "/up", "/app", "/app/a.key/b"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"), ONE)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Both of ours, with all that protects them."""
    with System(tmp_path_factory.mktemp("servers")) as system:
        system.start_ws(system.ws_port, **PROTECTED)
        system.start_http(**PROTECTED)
        yield system


@contextmanager
def behind(
    program: str, certificate: Certificate, folder: Path, ws_port: int | None, http_port: int | None
) -> Iterator[Proxy]:
    place = make_place(folder / program, certificate, ws_port, http_port, ONE_ADDRESS)
    with serving(program, place) as proxy:
        yield proxy


def test_each_path_reaches_its_server_and_no_forged_address_does(
    program: str, certificate: Certificate, tmp_path: Path
) -> None:
    forged = {"X-Forwarded-For": "203.0.113.7"}
    with ExitStack() as stack:
        ws_port, http_port = stack.enter_context(stub()), stack.enter_context(stub())
        proxy = stack.enter_context(behind(program, certificate, tmp_path, ws_port, http_port))
        reached = {}
        for path in (*WS, *HTTP):
            with proxy.asked(ONE, path, None, forged) as answer:
                reached[path], headers = json.load(answer)
            assert [value for name, value in headers if name == "x-forwarded-for"] == ["127.0.0.1"]
            assert ["host", ONE] in headers

    assert reached == {**dict.fromkeys(WS, ws_port), **dict.fromkeys(HTTP, http_port)}


def test_a_backend_and_a_page_need_one_name(
    servers: System, program: str, certificate: Certificate, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        proxy = stack.enter_context(
            behind(program, certificate, tmp_path, servers.ws_port, servers.http_port)
        )
        about = ask(proxy, "/about")
        assert (about["listen"]["url"], about["signs"]) == (f"wss://{ONE}/ws", True)
        assert about["listen"]["events"] == f"{ORIGIN}/ws/events"
        token = ask(proxy, "/tokens", "{}")["token"]

        watched = stack.enter_context(proxy.asked(ONE, "/messages/events", None, BACKEND))
        page = {"origin": ORIGIN, "sec_websocket_protocol": f"message-center.token.{token}"}
        socket = stack.enter_context(proxy.connect("/ws?format=text", page, ONE))
        listener = {"Authorization": f"Bearer {token}"}
        events = stack.enter_context(proxy.asked(ONE, "/events", None, listener))
        other = stack.enter_context(proxy.asked(ONE, "/ws/events?format=json", None, listener))
        assert socket.status == 101
        welcome, another = (json.loads(next_data(stream)[1]) for stream in (events, other))
        assert {**welcome, "connection": another["connection"]} == another
        assert "complete" in next_data(watched)[1]

        assert ask(proxy, "/push", '{"content":"one name"}')["code"] == 0

        assert socket.texts(1) == [PREFIX + "one name"]
        id_, data = next_data(events)
        assert data == PREFIX + "one name"
        assert json.loads(next_data(other)[1])["content"] == "one name"
        assert json.loads(next_data(watched)[1])["content"] == "one name"  # Not kept in a buffer.

        ask(proxy, "/push", '{"content":"later"}')
        back = {**listener, "Last-Event-ID": id_}
        resumed = stack.enter_context(proxy.asked(ONE, "/events", None, back))
        assert json.loads(next_data(resumed)[1])["complete"] is True
        assert next_data(resumed)[1] == PREFIX + "later"


def test_it_is_as_protected_as_two_addresses_are(
    servers: System, program: str, certificate: Certificate, tmp_path: Path
) -> None:
    with behind(program, certificate, tmp_path, servers.ws_port, servers.http_port) as proxy:
        for path in ("/push?content=x", "/about", "/messages/events", "/users"):
            with proxy.asked(ONE, path) as answer:
                assert answer.status == 401
        with proxy.connect("/ws", {"origin": "https://other.example"}, ONE) as client:
            assert client.status == 403
        with proxy.connect("/ws", {"origin": ORIGIN}, ONE) as client:
            assert client.status == 401
        with proxy.connect("/", {"origin": ORIGIN}, ONE) as client:
            assert client.status == 400  # It is told where WebSockets are.
        for path, kind in (("/", "text/html"), ("/client.js", "javascript")):
            with proxy.asked(ONE, path) as answer:
                assert answer.status == 200
                assert kind in answer.headers["Content-Type"]
        # More than nginx would take by itself: it is our server that refuses it.
        large = json.dumps({"content": "x" * (2 << 20)})
        with proxy.asked(ONE, "/push", large, {**BACKEND, "Content-Type": JSON}) as answer:
            assert json.load(answer)["error"] == "content_too_large"


def test_nothing_is_signed_through_a_proxy_without_push_tokens(
    system: System, program: str, certificate: Certificate, tmp_path: Path
) -> None:
    system.start_http(SUBSCRIBE_SECRET=SECRET)
    with behind(program, certificate, tmp_path, None, system.http_port) as proxy:
        with proxy.asked(ONE, "/tokens", "{}", {"Content-Type": JSON}) as answer:
            assert (answer.status, json.load(answer)["error"]) == (403, "cannot_sign")
        forged = {"Host": "127.0.0.1", "Content-Type": JSON}
        with proxy.asked(ONE, "/tokens", "{}", forged) as answer:
            assert b'"token"' not in answer.read()


@pytest.mark.parametrize("is_served", [True, False])
def test_no_token_and_no_message_is_logged(
    program: str, certificate: Certificate, tmp_path: Path, is_served: bool
) -> None:
    headers = {
        "Authorization": f"Bearer {HIDDEN}",
        "Sec-WebSocket-Protocol": f"message-center.json, message-center.token.{HIDDEN}",
        "Referer": f"{ORIGIN}/?token={HIDDEN}",
    }
    with ExitStack() as stack:
        port = stack.enter_context(stub()) if is_served else None
        proxy = stack.enter_context(behind(program, certificate, tmp_path, port, port))
        for path in ("/ws?token=", "/events?token=", "/push?content=", "/messages/events?token="):
            with proxy.asked(ONE, path + HIDDEN, None, headers) as answer:
                answer.read()

        named = ("RouterName",) if program == "traefik" else ("/ws", "/events", "/push")
        wait_until(lambda: all(each in proxy.logs for each in named), "log lines")

    assert HIDDEN not in proxy.logs


def test_an_event_source_comes_back_after_the_server_was_away(
    program: str, certificate: Certificate, tmp_path: Path
) -> None:
    page = {"Origin": "https://a.example"}
    with behind(program, certificate, tmp_path, None, None) as proxy:
        for path in ("/events?last_id=1-0", "/ws/events"):
            with proxy.asked(ONE, path, None, page) as answer:
                assert answer.status == 200
                assert answer.headers["Content-Type"] == "text/event-stream"
                assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
                assert answer.headers["Access-Control-Allow-Credentials"] == "true"
                assert answer.read().strip() in EMPTY
        for path in ("/push", "/messages/events"):
            with proxy.asked(ONE, path) as answer:
                assert answer.status in AWAY
                assert "Access-Control-Allow-Origin" not in answer.headers
        with proxy.connect("/ws", None, ONE) as client:
            assert client.status in AWAY
        with proxy.secure(ONE, "h2") as connection:  # For many streams of one browser.
            assert connection.selected_alpn_protocol() == "h2"


def ask(proxy: Proxy, path: str, body: str | None = None) -> Any:
    """What the HTTP API answers to a backend."""
    with proxy.asked(ONE, path, body, {**BACKEND, "Content-Type": JSON}) as answer:
        assert answer.status == 200, answer.read()
        return json.load(answer)


def next_data(stream: HTTPResponse) -> tuple[str, str]:
    """The id and the data of the next event of a stream."""
    id_ = ""
    while line := stream.readline().decode():
        field, _, value = line.rstrip("\n").partition(": ")
        if field == "id":
            id_ = value
        if field == "data":
            return id_, value
    raise EOFError
