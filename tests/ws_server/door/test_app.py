"""The port over plain HTTP: what it answers to whom, and who gets as far as the service."""

import os
import re
import socket

import pytest
from flask.testing import FlaskClient
from gevent import GreenletExit

from clients.js import module
from tests.support.fakes import FakeAdopter, FakeInput, FakeTokens
from ws_server.door.app import create_app
from ws_server.door.grant import Grant
from ws_server.door.listen import DEFAULT, Listen
from ws_server.door.policy import Policy

HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


USER = Grant("42", frozenset(["orders"]))
PAGE = "https://a.example"


@pytest.fixture
def service() -> FakeAdopter:
    return FakeAdopter()


@pytest.fixture
def http(service: FakeAdopter) -> FlaskClient:
    return create_app(service).test_client()


def test_a_plain_get_is_told_what_this_port_speaks(http: FlaskClient) -> None:
    response = http.get("/", headers={"Host": "here:2345"})

    assert response.status_code == 426
    assert response.headers["Upgrade"] == "websocket"
    assert response.get_json()["error"] == "upgrade_required"
    assert "ws://here:2345/" in response.get_json()["msg"]


def test_a_handshake_without_its_upgrade_is_told_of_the_proxy(http: FlaskClient) -> None:
    left = {name: value for name, value in HANDSHAKE.items() if name.startswith("Sec-")}

    response = http.get("/", headers={**left, "Connection": "close"})

    assert (response.status_code, response.get_json()["error"]) == (426, "upgrade_required")
    assert "the proxy in front must pass it on" in response.get_json()["msg"]


def test_the_process_is_healthy_even_when_it_is_not_ready(
    http: FlaskClient, service: FakeAdopter
) -> None:
    service.is_ready = False

    assert http.get("/healthz").get_json() == {"status": "ok"}


def test_it_is_not_ready_while_messages_reach_nobody_or_another_worker_is_stuck(
    service: FakeAdopter,
) -> None:
    problems = ["process 7 has stood still for 6 s", None]
    http = create_app(service, problem=lambda: problems.pop(0)).test_client()

    stuck, well = http.get("/readyz"), http.get("/readyz")

    assert (stuck.status_code, stuck.get_json()["error"]) == (503, "not_ready")
    assert stuck.get_json()["msg"] == "process 7 has stood still for 6 s"
    assert well.status_code == 200


def test_it_is_ready_when_the_service_is(http: FlaskClient) -> None:
    response = http.get("/readyz")

    assert (response.status_code, response.get_json()) == (200, {"status": "ready"})


@pytest.mark.parametrize(
    ("refuses", "is_leaving", "reason"),
    [
        (None, False, "Redis does not answer"),
        (None, True, "the server stops"),
        ("too many connections", True, "too many connections"),
    ],
)
def test_it_is_not_ready_for_a_reason(
    http: FlaskClient,
    service: FakeAdopter,
    refuses: str | None,
    is_leaving: bool,
    reason: str,
) -> None:
    service.is_ready, service.refuses, service.is_leaving = False, refuses, is_leaving

    response = http.get("/readyz")

    assert response.status_code == 503
    assert response.get_json() == {"code": -1, "msg": reason, "error": "not_ready"}


@pytest.mark.parametrize("path", ["/", "/ws/messages?uid=1", "/healthz", "/消息"])
def test_a_refused_client_is_told_when_to_come_back(
    http: FlaskClient, service: FakeAdopter, path: str
) -> None:
    service.refuses = "too many connections"

    response = http.get(path, headers=HANDSHAKE)

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.get_json()["msg"] == "too many connections"
    assert service.adopted == []


ADDRESSES = Policy(address_of=lambda environ: environ["REMOTE_ADDR"])


def test_an_address_with_too_many_connections_is_told_to_come_back(service: FakeAdopter) -> None:
    http = create_app(service, ADDRESSES).test_client()
    service.crowded = {"127.0.0.1"}

    response = http.get("/", headers=HANDSHAKE)

    assert (response.status_code, response.get_json()["error"]) == (429, "too_many_connections")
    assert int(response.headers["Retry-After"]) > 0
    assert service.adopted == []


def test_an_event_source_of_such_an_address_comes_back_by_itself(service: FakeAdopter) -> None:
    http = create_app(service, ADDRESSES).test_client()
    service.crowded = {"127.0.0.1"}

    response = http.get("/events")

    assert response.status_code == 200
    assert re.fullmatch(rb"retry: \d+\n: too many connections from this address\n\n", response.data)
    assert service.adopted == []


def test_a_wrong_handshake_is_refused_before_anybody_is_asked(
    http: FlaskClient, service: FakeAdopter
) -> None:
    service.refuses = "too many connections"

    response = http.get("/", headers={**HANDSHAKE, "Sec-WebSocket-Version": "8"})

    assert response.status_code == 426
    assert response.headers["Sec-WebSocket-Version"] == "13"


@pytest.mark.parametrize("path", ["/", "/ws/messages?uid=1", "/healthz", "/消息"])
def test_a_right_handshake_hands_the_socket_over_at_every_path(
    http: FlaskClient, service: FakeAdopter, path: str
) -> None:
    accepted, client = socket.socketpair()
    web_server = {"gunicorn.socket": accepted, "wsgi.input": FakeInput(b"early")}

    with pytest.raises(GreenletExit):  # How gunicorn's worker is told that there is no response.
        http.get(path, headers=HANDSHAKE, environ_overrides=web_server)

    ((fd, early, listen),) = service.adopted
    assert early == b"early"
    assert listen == DEFAULT
    os.close(fd)
    accepted.close()
    with client, client.makefile("rb") as answer:
        assert answer.read().startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [("POST", "/healthz", 405, "method_not_allowed"), ("DELETE", "/", 405, "method_not_allowed")],
)
def test_every_other_failure_has_the_same_shape(
    http: FlaskClient, method: str, path: str, status: int, error: str
) -> None:
    response = http.open(path, method=method)

    assert response.status_code == status
    assert response.get_json()["error"] == error
    assert response.get_json()["code"] == -1


@pytest.mark.parametrize("path", ["/", "/events", "/any/events", "/healthz", "/readyz", "/x/y"])
def test_a_wrong_method_is_told_the_right_ones_as_options_is(http: FlaskClient, path: str) -> None:
    refused = http.delete(path)
    asked = http.options(path)

    assert (refused.status_code, asked.status_code, asked.data) == (405, 204, b"")
    assert refused.headers["Allow"] == asked.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert "port 2346, http://localhost:2346/push" in refused.get_json()["msg"]


@pytest.mark.parametrize("path", ["/", "/?format=xml", "/healthz", "/events?last=-1", "/push"])
def test_a_head_is_answered_as_a_get_without_the_body(http: FlaskClient, path: str) -> None:
    got, looked = http.get(path), http.head(path)

    assert (looked.status_code, looked.data) == (got.status_code, b"")
    assert looked.headers.get("Content-Type") == got.headers["Content-Type"]


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_an_upgrade_is_for_get_alone(http: FlaskClient, method: str) -> None:
    assert http.open("/", method=method, headers=HANDSHAKE).status_code in {204, 426}
    assert http.post("/", headers=HANDSHAKE).status_code == 405


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/push?content=hello&user=42"),
        ("POST", "/push"),
        ("POST", "/push/"),
        ("POST", "/push/batch"),
        ("POST", "/index.php/push/index.html"),
        ("DELETE", "/users/42/connections"),
        ("GET", "/channels/orders"),
        ("GET", "/openapi.json"),
    ],
)
def test_whoever_pushes_here_is_told_the_right_port(
    service: FakeAdopter, method: str, path: str
) -> None:
    http = create_app(service, http_port=4321).test_client()

    response = http.open(path, method=method, headers={"Host": "[::1]:2345"})

    assert (response.status_code, response.get_json()["error"]) == (400, "wrong_port")
    assert "port 4321, http://[::1]:4321/push" in response.get_json()["msg"]


@pytest.mark.parametrize("path", ["/", "/events?format=xml", "/healthz", "/readyz", "/push"])
def test_every_answer_says_how_its_text_is_encoded(http: FlaskClient, path: str) -> None:
    assert http.get(path).headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.fixture
def closed(service: FakeAdopter) -> FlaskClient:
    """Listens only who has the token USER, and only pages of one origin."""
    policy = Policy(FakeTokens({"USER": USER}), origins=frozenset([PAGE]))
    return create_app(service, policy).test_client()


def adopted(
    http: FlaskClient, service: FakeAdopter, path: str, **headers: str
) -> tuple[Listen, bytes]:
    """What the service is told of a client that is let in, and the head of its answer."""
    ours, theirs = socket.socketpair()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path, _, query = path.partition("?")
    # The test's client takes `//events` for the address of a host.
    asked = {"PATH_INFO": path, "QUERY_STRING": query}
    web_server = {"gunicorn.socket": ours, "wsgi.input": FakeInput()}
    with pytest.raises(GreenletExit):
        http.get("/", headers=named, environ_overrides={**asked, **web_server})
    ours.close()
    ((fd, _, listen),) = service.adopted
    os.close(fd)
    with theirs, theirs.makefile("rb") as answer:
        return listen, answer.read()


@pytest.mark.parametrize(
    ("path", "headers", "status", "error"),
    [
        ("/", {}, 401, "unauthorized"),
        ("/?token=WRONG", {}, 401, "bad_token"),
        ("/", {"Authorization": "Bearer WRONG"}, 401, "bad_token"),
        ("/?token=USER&channels=other", {}, 403, "channel_forbidden"),
        ("/?token=USER&channels=a%20b", {}, 400, "bad_channel"),
        ("/?token=USER&format=xml", {}, 400, "bad_format"),
        ("/?token=USER", {"Origin": "https://b.example"}, 403, "origin_forbidden"),
    ],
)
@pytest.mark.parametrize("kind", ["websocket", "events"])
def test_who_may_not_listen_is_told_why(  # noqa: PLR0917
    closed: FlaskClient,
    service: FakeAdopter,
    path: str,
    headers: dict[str, str],
    status: int,
    error: str,
    kind: str,
) -> None:
    if kind == "websocket":
        response = closed.get(path, headers={**HANDSHAKE, **headers})
    else:
        response = closed.get(f"/events{path[1:]}", headers=headers)

    assert (response.status_code, response.get_json()["error"]) == (status, error)
    assert response.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)
    assert service.adopted == []


def test_a_page_of_the_right_origin_may_read_why_it_gets_no_events(closed: FlaskClient) -> None:
    response = closed.get("/events", headers={"Origin": PAGE})

    assert response.status_code == 401
    assert response.headers["Access-Control-Allow-Origin"] == PAGE
    assert response.headers["Vary"] == "Origin"


def test_a_page_of_a_wrong_origin_may_not_read_why(closed: FlaskClient) -> None:
    response = closed.get("/events", headers={"Origin": "https://b.example"})

    assert "Access-Control-Allow-Origin" not in response.headers
    assert response.headers["Vary"] == "Origin"


def test_any_page_may_read_why_while_no_origins_are_listed(http: FlaskClient) -> None:
    response = http.get("/events?format=xml", headers={"Origin": "https://b.example"})

    assert response.headers["Access-Control-Allow-Origin"] == "https://b.example"
    assert response.headers["Vary"] == "Origin"


@pytest.mark.parametrize("path", ["/events", "/events/", "//events", "/a/b/events", "//a//events/"])
def test_events_are_behind_every_prefix(http: FlaskClient, service: FakeAdopter, path: str) -> None:
    listen, answer = adopted(http, service, f"{path}?format=json")

    assert listen.format_name == "json-events"
    assert answer.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream")


@pytest.mark.parametrize("path", ["//", "//ws", "/a//b/", "/events", "/push"])
def test_a_websocket_is_taken_at_paths_that_a_proxy_has_joined(
    http: FlaskClient, service: FakeAdopter, path: str
) -> None:
    listen, _ = adopted(http, service, path, **HANDSHAKE)

    assert listen == DEFAULT


def test_health_is_behind_every_prefix(http: FlaskClient) -> None:
    assert http.get("/any/healthz").get_json() == {"status": "ok"}
    assert http.get("/readyz/").get_json() == {"status": "ready"}


@pytest.mark.parametrize("path", ["/", "/events", "/any/path"])
@pytest.mark.parametrize("wanted", ["authorization", "last-event-id,cache-control"])
def test_a_listed_page_may_send_headers_of_its_own(
    closed: FlaskClient, path: str, wanted: str
) -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Headers": wanted}
    response = closed.options(path, headers={**asked, "Access-Control-Request-Method": "GET"})

    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == PAGE
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert response.headers["Access-Control-Allow-Headers"].replace(" ", "") == wanted
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert int(response.headers["Access-Control-Max-Age"]) > 0


def test_a_preflight_of_another_page_gives_no_leave(closed: FlaskClient) -> None:
    asked = {"Origin": "https://b.example", "Access-Control-Request-Headers": "authorization"}
    response = closed.options("/events", headers=asked)

    assert [name for name, _ in response.headers if name.startswith("Access-Control")] == []


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/?token=WRONG", 401, "bad_token"),
        ("/any/path", 401, "unauthorized"),
        ("/?token=USER&channels=other", 403, "channel_forbidden"),
        ("/?token=USER&chanels=orders", 400, "bad_channel"),
        ("/?token=USER", 426, "upgrade_required"),
    ],
)
def test_a_page_may_ask_why_its_websocket_was_refused(
    closed: FlaskClient, path: str, status: int, error: str
) -> None:
    response = closed.get(path, headers={"Origin": PAGE})

    assert (response.status_code, response.get_json()["error"]) == (status, error)
    assert response.headers["Access-Control-Allow-Origin"] == PAGE


def test_it_is_told_that_there_is_no_room_as_well(http: FlaskClient, service: FakeAdopter) -> None:
    service.refuses = "too many connections"
    response = http.get("/", headers={"Origin": PAGE})

    assert (response.status_code, response.get_json()["error"]) == (503, "unavailable")


def test_the_origin_is_looked_at_first(closed: FlaskClient) -> None:
    wrong = {**HANDSHAKE, "Sec-WebSocket-Version": "8", "Origin": "https://b.example"}

    assert closed.get("/?token=WRONG", headers=wrong).get_json()["error"] == "origin_forbidden"


def test_a_handshake_is_looked_at_before_its_token(closed: FlaskClient) -> None:
    wrong = {**HANDSHAKE, "Sec-WebSocket-Version": "8"}

    assert closed.get("/?token=WRONG", headers=wrong).status_code == 426


def test_health_is_for_any_page_and_without_a_token(closed: FlaskClient) -> None:
    other = {"Origin": "https://b.example"}

    assert closed.get("/healthz", headers=other).status_code == 200
    assert closed.get("/readyz", headers=other).status_code == 200


@pytest.mark.parametrize("path", ["/client.js", "/any/prefix/client.js", "/any//client.js/"])
def test_the_client_is_for_any_page_and_without_a_token(closed: FlaskClient, path: str) -> None:
    answer = closed.get(path, headers={"Origin": "https://other.example"})

    assert (answer.status_code, answer.data) == (200, module())
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_the_service_is_told_to_what_a_client_may_listen(
    closed: FlaskClient, service: FakeAdopter
) -> None:
    offered = "message-center.text, message-center.token.USER"
    listen, answer = adopted(
        closed, service, "/", **HANDSHAKE, Sec_WebSocket_Protocol=offered, Origin=PAGE
    )

    assert (listen.grant, listen.channels) == (USER, frozenset(["orders", "user:42"]))
    assert b"\r\nSec-WebSocket-Protocol: message-center.text\r\n" in answer
    assert b"USER" not in answer


def test_a_stream_of_events_may_be_read_by_the_page_that_asked(
    closed: FlaskClient, service: FakeAdopter
) -> None:
    listen, answer = adopted(
        closed, service, "/events?channels=orders", Authorization="Bearer USER", Origin=PAGE
    )

    assert (listen.grant, listen.channels) == (USER, frozenset(["orders", "user:42"]))
    assert f"\r\nAccess-Control-Allow-Origin: {PAGE}\r\n".encode() in answer
    assert b"\r\nAccess-Control-Allow-Credentials: true\r\nVary: Origin\r\n" in answer


def test_a_stream_of_events_that_cannot_begin_may_be_read_as_well(
    closed: FlaskClient, service: FakeAdopter
) -> None:
    service.refuses = "too many connections"

    response = closed.get("/events?token=USER", headers={"Origin": PAGE})

    assert (response.status_code, response.mimetype) == (200, "text/event-stream")
    assert response.headers["Access-Control-Allow-Origin"] == PAGE


def test_those_who_want_to_listen_and_may_not_are_counted_by_the_error(
    http: FlaskClient, service: FakeAdopter
) -> None:
    http.get("/", headers={**HANDSHAKE, "Sec-WebSocket-Version": "7"})
    http.get("/events?format=odd")
    service.refuses = "too many connections"
    http.get("/", headers=HANDSHAKE)
    http.get("/a/events")
    http.get("/")  # Somebody looks why.
    http.get("/readyz")

    assert service.refused == ["unsupported_version", "bad_format", "unavailable", "unavailable"]


def test_who_asks_for_long_polling_is_told_of_the_transport_as_socket_io_has_it(
    service: FakeAdopter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    http = create_app(service, Policy(socket_io=True)).test_client()

    for method in ("GET", "POST"):
        answer = http.open("/socket.io/?EIO=4&transport=polling", method=method)
        assert answer.status_code == 400
        assert answer.get_json()["code"] == 0
        assert 'transports: ["websocket"]' in answer.get_json()["message"]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert caplog.records[-1].__dict__["told"]["error"] == "bad_parameter"
    unspoken = create_app(service).test_client()
    assert unspoken.get("/socket.io/?EIO=4").get_json()["error"] == "not_spoken"
    assert unspoken.get("/socket.io/").status_code == 426
