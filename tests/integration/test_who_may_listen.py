"""Tokens and origins at the real server: by each way, from a browser, and never in the log."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.events import EventStream
from tests.support.keys import SECRET, forged, in_seconds, public_jwk, signed, write_jwks
from tests.support.processes import Process, free_port, wait_until
from tests.support.system import KEY, PREFIX, System
from tests.support.websocket import LIMIT, Client, request
from ws_server.door.listen import TOKEN_PROTOCOL
from ws_server.door.tokens import LEEWAY

RIGHT = signed({"sub": "usr-right", "channels": ["chan-right"], "exp": in_seconds(3600)})
OLD = signed({"sub": "usr-old", "channels": ["chan-old"], "exp": in_seconds(-3600)})
WRONG = forged({"alg": "HS256", "typ": "JWT"}, {"sub": "usr-wrong"}, b"wrong")
NONE = forged({"alg": "none"}, {"sub": "usr-none"})
BROKEN = "br0.k3n.t0ken"
STATUS = {RIGHT: 200, OLD: 401, WRONG: 401, NONE: 401, BROKEN: 401}


def websocket(port: int, query: str = "", **headers: str) -> int:
    """The status of a handshake, 200 if it is done; its answer repeats no token."""
    with Client(port, f"/{query}", headers=headers) as client:
        if client.status == 101:
            assert "token" not in client.head.lower()
            return 200
        return client.status


def events(port: int, query: str = "", **headers: str) -> int:
    with EventStream(port, query, headers=headers) as stream:
        return stream.status


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """An HTTP API, and room for WebSocket servers."""
    with System(tmp_path_factory.mktemp("shared")) as system:
        system.start_http()
        yield system


@pytest.fixture(scope="module")
def closed(shared: System) -> tuple[Process, int]:
    """A server that tells all that it does, and lets in only who has a token."""
    return shared.start_ws(SUBSCRIBE_SECRET=SECRET, LOG_LEVEL="debug", POLL_INTERVAL=0.05)


@pytest.mark.parametrize("token", STATUS, ids=["right", "old", "wrong", "none", "broken"])
def test_every_way_of_giving_a_token_lets_in_who_may_and_logs_nothing_of_it(
    closed: tuple[Process, int], token: str
) -> None:
    process, port = closed
    statuses = {
        websocket(port, f"?token={token}"),
        websocket(port, authorization=f"Bearer {token}"),
        websocket(port, sec_websocket_protocol=f"message-center.json, {TOKEN_PROTOCOL}{token}"),
        events(port, f"?token={token}"),
        events(port, authorization=f"Bearer {token}"),
    }
    websocket(port, f"?token={token}&channels=other&format=xml")
    websocket(port, f"?token={token}&token=another")
    for nonsense in (
        f"GET /?token={token} HTTP/9.9\r\n\r\n",
        f"GET /?token={token} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nx\r\n\r\n",
        f"GET /{'x' * 9000}?token={token} HTTP/1.1\r\n\r\n",
        f"BREW /?token={token} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        f"POST /events?token={token} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), LIMIT) as plain:
            plain.sendall(nonsense.encode())
            assert plain.recv(65536).startswith(b"HTTP/1.1 4")
    with socket.create_connection(("127.0.0.1", port), LIMIT) as cut:
        cut.sendall(request(port, f"/?token={token}"))  # And is gone before the answer.
    assert websocket(port) == 401

    assert statuses == {STATUS[token]}
    assert "DEBUG" in process.output  # Or it would say little in any case.
    assert not [part for part in token.split(".") if part and part in process.output]
    told = process.output.replace("user=usr-right", "")  # Who is let in is told.
    assert "usr-" not in told
    assert SECRET not in process.output


def test_who_has_a_token_gets_what_is_for_everybody(
    shared: System, closed: tuple[Process, int]
) -> None:
    _, port = closed
    query = f"?token={RIGHT}"

    with Client(port, f"/{query}") as client, EventStream(port, query) as stream:
        shared.redis.lpush(KEY, "hello")

        assert client.texts(1) == stream.messages(1) == [f"{PREFIX}hello"]


def test_the_keys_of_a_file_let_in_whom_their_owner_has_signed_for(
    system: System, tmp_path: Path
) -> None:
    path = write_jwks(tmp_path, public_jwk("ES256", kid="a"), public_jwk("RS256", kid="b"))
    process, port = system.start_ws(SUBSCRIBE_JWKS_FILE=path)
    claims: dict[str, Any] = {"sub": "42"}

    assert websocket(port, f"?token={signed(claims, 'ES256', kid='a')}") == 200
    assert events(port, f"?token={signed(claims, 'RS256', kid='b')}") == 200
    assert websocket(port, f"?token={signed(claims, 'ES256', which=1, kid='a')}") == 401
    assert websocket(port, f"?token={signed(claims, 'HS256', kid='a')}") == 401

    write_jwks(tmp_path, public_jwk("EdDSA", kid="c"))
    process.popen.send_signal(signal.SIGHUP)  # The workers are started anew.
    new = f"?token={signed(claims, 'EdDSA', kid='c')}"
    wait_until(lambda: websocket(port, new) == 200, "the new key is known")
    assert websocket(port, f"?token={signed(claims, 'ES256', kid='a')}") == 401


def test_a_bad_file_of_keys_ends_the_start_with_its_name(system: System, tmp_path: Path) -> None:
    path = write_jwks(tmp_path, {"kty": "oct", "k": "c2VjcmV0LXNlY3JldA", "kid": "a"})
    process = system.start("-m", "ws_server", SUBSCRIBE_JWKS_FILE=path, WS_PORT=free_port())

    assert process.popen.wait(LIMIT * 2) != 0
    assert f"Error: SUBSCRIBE_JWKS_FILE: key 1 of {path} is a shared secret" in process.output
    assert "c2VjcmV0" not in process.output


def test_pages_of_other_origins_are_sent_away(system: System) -> None:
    _, port = system.start_ws(ALLOWED_ORIGINS="https://a.example")

    assert websocket(port) == events(port) == 200
    assert websocket(port, origin="https://a.example") == 200
    assert websocket(port, origin="https://b.example") == 403
    assert events(port, Origin="null") == 403
    with EventStream(port, headers={"Origin": "https://a.example"}) as stream:
        assert stream.headers["access-control-allow-origin"] == "https://a.example"
        assert stream.headers["vary"] == "Origin"


CONNECT = """([url, protocols]) => new Promise(resolve => {
    const socket = new WebSocket(url, protocols);
    socket.onopen = () => resolve("open " + socket.protocol);
    socket.onerror = () => resolve("refused");
})"""
FOLLOW = """url => new Promise(resolve => {
    const source = new EventSource(url);
    source.addEventListener("welcome", () => resolve("open"));
    source.onerror = () => resolve("refused");
})"""


def test_a_browser_gives_its_token_in_each_way_that_it_has(shared: System, page: Page) -> None:
    here = f"http://127.0.0.1:{shared.http_port}"
    _, port = shared.start_ws(SUBSCRIBE_SECRET=SECRET, ALLOWED_ORIGINS=here)
    url, stream = f"ws://127.0.0.1:{port}/", f"http://127.0.0.1:{port}/events"
    page.goto(f"{here}/healthz")

    def connect(query: str = "", *protocols: str) -> Any:
        return page.evaluate(CONNECT, [url + query, protocols])

    token = f"{TOKEN_PROTOCOL}{RIGHT}"
    assert connect("", "message-center.text", token) == "open message-center.text"
    assert connect("", token, "message-center.json") == "open message-center.json"
    assert connect(f"?token={RIGHT}") == "open "
    assert connect() == "refused"
    assert connect("", token) == "refused"  # By the browser: nothing was agreed on.
    assert page.evaluate(FOLLOW, f"{stream}?token={RIGHT}") == "open"
    assert page.evaluate(FOLLOW, stream) == "refused"
    page.goto(f"http://localhost:{shared.http_port}/healthz")  # Another origin.
    assert connect(f"?token={RIGHT}") == "refused"
    assert page.evaluate(FOLLOW, f"{stream}?token={RIGHT}") == "refused"


FOLLOW_WITH_NEWER_TOKENS = """([url, tokens]) => {
  window.got = [];
  function follow(token, lastId = "") {
    const source = new EventSource(`${url}?token=${token}&last_id=${lastId}`);
    source.onmessage = (event) => { lastId = event.lastEventId; window.got.push(event.data); };
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) follow(tokens.shift(), lastId);
    };
  }
  follow(tokens.shift());
}"""


def test_a_page_goes_on_with_a_newer_token_as_the_readme_says(
    shared: System, closed: tuple[Process, int], page: Page
) -> None:
    _, port = closed
    short = signed({"sub": "42", "exp": in_seconds(3 - LEEWAY)})
    long = signed({"sub": "42", "exp": in_seconds(60)})
    page.goto(f"http://127.0.0.1:{shared.http_port}/healthz")
    page.evaluate(FOLLOW_WITH_NEWER_TOKENS, [f"http://127.0.0.1:{port}/events", [short, long]])
    wait_until(lambda: streams(shared) == 1, "the stream")
    shared.redis.lpush(KEY, "0")
    page.wait_for_function("window.got.length === 1")
    wait_until(lambda: streams(shared) == 0, "its end")

    shared.redis.lpush(KEY, "1", "2")

    page.wait_for_function("window.got.length === 3")
    assert page.evaluate("window.got") == [f"{PREFIX}{number}" for number in range(3)]


def streams(system: System) -> int:
    """How many streams user 42 has."""
    return int(system.call("/users/42")[1]["connections"])


def test_the_command_listen_says_why_it_may_not_and_goes(
    shared: System, closed: tuple[Process, int]
) -> None:
    _, port = closed
    listening = shared.start("-m", "config.cli", "listen", f"ws://127.0.0.1:{port}/?token={OLD}")

    assert listening.popen.wait(LIMIT) == 1
    assert "refuses: 401: token_expired: the token has expired" in listening.output
    assert OLD not in listening.output


def test_pages_of_listed_origins_read_events_as_libraries_ask_for_them(
    system: System, page: Page
) -> None:
    """With headers of their own, and with credentials: what a preflight is for."""
    _, port = system.start_ws(
        ALLOWED_ORIGINS=f"http://127.0.0.1:{system.http_port}", SUBSCRIBE_SECRET=SECRET
    )
    system.start_http(WS_PORT=port)
    page.goto(f"http://127.0.0.1:{system.http_port}/healthz")
    fetched = """([url, headers]) => fetch(url, {headers, credentials: "include"}).then(
        async answer => {
            const reader = answer.body.getReader();
            const text = new TextDecoder().decode((await reader.read()).value);
            reader.cancel();
            return [answer.status, text];
        })"""
    for url in (f"http://127.0.0.1:{port}/events", f"http://127.0.0.1:{port}/any/prefix/events/"):
        headers = {
            "Authorization": f"Bearer {RIGHT}",
            "Last-Event-ID": "x",
            "Cache-Control": "no-cache",
        }
        status, text = page.evaluate(fetched, [url, headers])
        assert (status, "event: " in text) == (200, True)
        status, text = page.evaluate(fetched, [url, {"X-Requested-With": "fetch"}])
        assert (status, "a token is needed to listen" in text) == (401, True)
