"""The port over plain HTTP: what it answers to whom, and who gets as far as the service."""

import os
import socket

import pytest
from flask.testing import FlaskClient
from gevent import GreenletExit

from tests.fakes import FakeAdopter, FakeInput
from ws_server.app import create_app
from ws_server.listen import DEFAULT

HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


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


def test_the_process_is_healthy_even_when_it_is_not_ready(
    http: FlaskClient, service: FakeAdopter
) -> None:
    service.is_ready = False

    assert http.get("/healthz").get_json() == {"status": "ok"}


def test_it_is_ready_when_the_service_is(http: FlaskClient) -> None:
    response = http.get("/readyz")

    assert (response.status_code, response.get_json()) == (200, {"status": "ready"})


@pytest.mark.parametrize(
    ("refuses", "reason"),
    [(None, "Redis does not answer"), ("the server stops", "the server stops")],
)
def test_it_is_not_ready_for_a_reason(
    http: FlaskClient, service: FakeAdopter, refuses: str | None, reason: str
) -> None:
    service.is_ready, service.refuses = False, refuses

    response = http.get("/readyz")

    assert response.status_code == 503
    assert response.get_json() == {"code": -1, "msg": reason, "error": "not_ready"}


@pytest.mark.parametrize("path", ["/", "/ws/messages?user=1", "/healthz", "/消息"])
def test_a_refused_client_is_told_when_to_come_back(
    http: FlaskClient, service: FakeAdopter, path: str
) -> None:
    service.refuses = "too many connections"

    response = http.get(path, headers=HANDSHAKE)

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.get_json()["msg"] == "too many connections"
    assert service.adopted == []


def test_a_wrong_handshake_is_refused_before_anybody_is_asked(
    http: FlaskClient, service: FakeAdopter
) -> None:
    service.refuses = "too many connections"

    response = http.get("/", headers={**HANDSHAKE, "Sec-WebSocket-Version": "8"})

    assert response.status_code == 426
    assert response.headers["Sec-WebSocket-Version"] == "13"


@pytest.mark.parametrize("path", ["/", "/ws/messages?user=1", "/healthz", "/消息"])
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


def test_a_wrong_method_is_told_the_right_one(http: FlaskClient) -> None:
    allowed = http.delete("/healthz").headers.get("Allow", "")

    assert "GET" in allowed.split(", ")  # RFC 9110 15.5.6 wants it.
