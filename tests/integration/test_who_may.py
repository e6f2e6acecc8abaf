"""Who may do what: every kind of token with everything that one can ask for, as documented.

Two servers that take tokens of different kinds, and one HTTP API, for all of it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.events import EventStream
from tests.support.keys import (
    SECRET,
    forged,
    in_seconds,
    public_jwk,
    public_pem,
    signed,
    write_jwks,
)
from tests.support.system import System
from tests.support.websocket import TEXT, Client

PUSH_TOKEN = "a-token-of-a-backend"


@dataclass(frozen=True)
class Servers:
    """Ports by the kind of token, and the tokens by name for each kind."""

    system: System
    ports: dict[str, int]
    tokens: dict[str, dict[str, str]]


def claims(seconds: float = 600, **more: Any) -> dict[str, Any]:
    return {"sub": "42", "channels": ["orders"], "exp": in_seconds(seconds), **more}


def tokens_of(algorithm: str, **special: str) -> dict[str, str]:
    """One of each kind; `special` are those that depend on the kind of key."""
    return {
        "nothing": "",
        "nonsense": "abc.def.ghi",
        "expired": signed(claims(-60), algorithm),
        "not yet": signed(claims(nbf=in_seconds(60)), algorithm),
        "none": forged({"alg": "none", "typ": "JWT"}, claims()),
        "push token": PUSH_TOKEN,
        "right": signed(claims(), algorithm),
        **special,
    }


def tokens_of_secret() -> dict[str, str]:
    return tokens_of(
        "HS256",
        wrong_key=forged({"alg": "HS256"}, claims(), b"another secret, which is not the server's"),
        other_algorithm=forged({"alg": "HS512"}, claims(), SECRET.encode()),
        confused=signed(claims(), "RS256"),
    )


def tokens_of_keys() -> dict[str, str]:
    return tokens_of(
        "RS256",
        wrong_key=signed(claims(), "RS256", 1),
        other_algorithm=signed(claims(), "ES256"),
        confused=forged({"alg": "HS256"}, claims(), public_pem("RS256")),
    )


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder: Path = tmp_path_factory.mktemp("who-may")
    keys = write_jwks(folder, public_jwk("RS256", kid="k1"))
    with System(folder) as system:
        system.start_http(PUSH_TOKENS=f"backend:{PUSH_TOKEN}")
        _, of_secret = system.start_ws(SUBSCRIBE_SECRET=SECRET)
        _, of_keys = system.start_ws(SUBSCRIBE_JWKS_FILE=keys)
        yield Servers(
            system,
            {"secret": of_secret, "keys": of_keys},
            {"secret": tokens_of_secret(), "keys": tokens_of_keys()},
        )


LISTENERS = {
    "nothing": "unauthorized",
    "nonsense": "bad_token",
    "wrong_key": "bad_token",
    "expired": "token_expired",
    "not yet": "bad_token",
    "none": "bad_token",
    "other_algorithm": "bad_token",
    "confused": "bad_token",
    "push token": "bad_token",
    "right": None,
}
KINDS = ("secret", "keys")


def refused_by(client: Client) -> tuple[int, str | None]:
    """The status, and the `error` of a handshake that was refused."""
    with client:
        return client.status, None if client.status == 101 else json.loads(client.rest())["error"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "error"), LISTENERS.items())
@pytest.mark.parametrize("way", ["query", "header", "protocol"])
def test_only_a_right_token_lets_one_listen_by_websocket(
    servers: Servers, kind: str, name: str, error: str | None, way: str
) -> None:
    token, path, headers = servers.tokens[kind][name], "/", dict[str, str]()
    if way == "query":
        path = f"/?token={token}"
    elif way == "header":
        headers["authorization"] = f"Bearer {token}" if token else ""
    else:
        offered = f"message-center.text, message-center.token.{token}"
        headers["sec_websocket_protocol"] = offered if token else "message-center.text"

    answer = refused_by(Client(servers.ports[kind], path, headers=headers))

    assert answer == ((401, error) if error else (101, None))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "error"), LISTENERS.items())
def test_only_a_right_token_lets_one_listen_to_events(
    servers: Servers, kind: str, name: str, error: str | None
) -> None:
    with EventStream(servers.ports[kind], f"?token={servers.tokens[kind][name]}") as stream:
        assert stream.status == (401 if error else 200)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("channels", "status"),
    [
        ("", 101),
        ("orders", 101),
        ("user:42", 101),
        ("news", 403),
        ("orders,news", 403),
        ("user:7", 403),
        ("orders.*", 403),
        ("*", 400),
    ],
)
def test_a_token_lets_one_listen_to_its_own_channels_only(
    servers: Servers, kind: str, channels: str, status: int
) -> None:
    query = f"/?channels={channels}&token={servers.tokens[kind]['right']}"

    answer = refused_by(Client(servers.ports[kind], query))

    assert answer[0] == status
    assert answer[1] == {101: None, 400: "bad_channel", 403: "channel_forbidden"}[status]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("orders", None),
        ("user:42", None),
        ("news", "channel_forbidden"),
        ("user:7", "channel_forbidden"),
        ("no name", "bad_channel"),
    ],
)
def test_in_band_it_is_the_same(
    servers: Servers, kind: str, channel: str, error: str | None
) -> None:
    query = f"/?format=json&token={servers.tokens[kind]['right']}"
    with Client(servers.ports[kind], query) as client:
        client.texts(1)
        client.send(TEXT, json.dumps({"subscribe": [channel]}).encode())
        answer = json.loads(client.texts(1)[0])

    assert answer["type"] == ("error" if error else "subscribed")
    assert answer.get("error") == error


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "error"), [each for each in LISTENERS.items() if each[1]])
def test_in_band_only_a_right_token_is_a_newer_one(
    servers: Servers, kind: str, name: str, error: str
) -> None:
    query = f"/?format=json&token={servers.tokens[kind]['right']}"
    with Client(servers.ports[kind], query) as client:
        client.texts(1)
        client.send(TEXT, json.dumps({"token": servers.tokens[kind][name]}).encode())
        answer = json.loads(client.texts(1)[0])

    assert answer["type"] == "error"
    assert answer["error"] == ("bad_token" if name == "nothing" else error)


BACKENDS = {
    "nothing": 401,
    "Bearer ": 401,
    "Bearer another-token-of-nobody": 401,
    f"Bearer {PUSH_TOKEN}x": 401,
    f"Basic {PUSH_TOKEN}": 401,
    "a listener's": 401,
    f"Bearer {PUSH_TOKEN}": 200,
}
REQUESTS = {
    "push": ("/push?content=x", None),
    "batch": ("/push/batch", None),
    "presence of a user": ("/users/42", None),
    "presence of a channel": ("/channels/orders", None),
    "kick": ("/users/nobody/connections", "DELETE"),
}


@pytest.mark.parametrize(("header", "status"), BACKENDS.items())
@pytest.mark.parametrize("request_name", REQUESTS)
def test_only_a_backend_may_push_look_and_kick(
    servers: Servers, header: str, status: int, request_name: str
) -> None:
    path, method = REQUESTS[request_name]
    if header == "a listener's":
        header = f"Bearer {servers.tokens['secret']['right']}"
    headers = {} if header == "nothing" else {"Authorization": header}
    body = b'["x"]' if request_name == "batch" else None
    if body:
        headers["Content_Type"] = "application/json"
    waiting = servers.system.redis.llen("message_center")

    found, answer = servers.system.call(path, body, method, **headers)

    assert found == status
    assert answer.get("error") == ("unauthorized" if status == 401 else None)
    if status == 401:
        assert servers.system.redis.llen("message_center") <= waiting


def test_without_a_secret_anybody_may_listen_to_all_but_users(system: System) -> None:
    _, port = system.start_ws()

    assert refused_by(Client(port, "/")) == (101, None)
    assert refused_by(Client(port, "/?channels=orders,news.*")) == (101, None)
    assert refused_by(Client(port, "/?channels=user:42")) == (403, "channel_forbidden")
