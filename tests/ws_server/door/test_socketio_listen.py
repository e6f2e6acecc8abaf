"""Which requests are of Socket.IO's clients."""

import json

import pytest

from common.refused import Refused
from common.unspoken import is_of_socketio
from ws_server.door.policy import Policy
from ws_server.door.socketio_listen import engine_error, socketio_listen

POLICY = Policy(socket_io=True)


def environ(query: str, path: str = "/socket.io/") -> dict[str, str]:
    return {"PATH_INFO": path, "QUERY_STRING": query}


@pytest.mark.parametrize("path", ["/socket.io/", "/socket.io", "/ws/socket.io/"])
def test_version_4_waits_in_the_lobby(path: str) -> None:
    listen = socketio_listen(environ("EIO=4&transport=websocket&token=x", path), POLICY)

    assert listen is not None
    assert listen.format_name == "socketio-lobby"


def test_version_3_says_all_in_its_query() -> None:
    query = "channels=a,b&format=json&confirm=1&EIO=3&transport=websocket&t=x"

    listen = socketio_listen(environ(query), POLICY)

    assert listen is not None
    assert (listen.format_name, sorted(listen.channels)) == ("socketio-3", ["a", "b"])
    assert not listen.confirms


@pytest.mark.parametrize("path", ["/", "/socket.io/x", "/mysocket.io", "/socket-io/"])
def test_other_paths_are_of_other_clients(path: str) -> None:
    assert not is_of_socketio(path)
    assert socketio_listen(environ("EIO=4&transport=websocket", path), POLICY) is None


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("EIO=4&transport=polling", 'transports: ["websocket"]'),
        ("EIO=4", 'transports: ["websocket"]'),
        ("transport=websocket", "EIO=4"),
        ("EIO=5&transport=websocket", "EIO=4"),
    ],
)
def test_what_it_cannot_have_is_refused(query: str, said: str) -> None:
    with pytest.raises(Refused, match=r".*") as refused:
        socketio_listen(environ(query), POLICY)

    assert said in refused.value.reason


def test_without_a_websocket_the_answer_is_one_of_engine_io() -> None:
    polling = json.loads(engine_error("EIO=4&transport=polling"))
    dropped = json.loads(engine_error("EIO=4&transport=websocket"))
    unknown = json.loads(engine_error("EIO=5&transport=websocket"))

    assert polling["code"] == 0
    assert 'transports: ["websocket"]' in polling["message"]
    assert (dropped["code"], "Upgrade" in dropped["message"]) == (3, True)
    assert unknown["code"] == 5
