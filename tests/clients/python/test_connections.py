"""What is kept open, what is closed, and that nothing is asked twice."""

import os
import socket
import threading
from http.client import HTTPException

import pytest

from message_center_client.connections import Answer, Connections
from tests.support.scripted_api import CUT, SUCCESS, Reply, ScriptedApi, answering

pytestmark = pytest.mark.integration


def ask(connections: Connections) -> Answer:
    return connections.ask("POST", "/push", {}, b"{}", 5.0)


def clients(api: ScriptedApi) -> int:
    """How many connections it has seen."""
    return len({asked.client for asked in api.asked})


def test_requests_share_a_connection() -> None:
    with answering() as api:
        connections = Connections(f"{api.url}/below/")
        answers = [ask(connections) for _ in range(3)]
        connections.close()

    assert answers == [Answer(200, SUCCESS.encode(), "")] * 3
    assert {asked.path for asked in api.asked} == {"/below/push"}
    assert clients(api) == 1


def test_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    with answering(Reply(headers=(("Connection", "close"),)), Reply()) as api:
        connections = Connections(api.url)
        assert [ask(connections).status for _ in range(3)] == [200, 200, 200]
        connections.close()

    assert clients(api) == 2


def test_one_that_was_closed_while_it_was_idle_is_not_used_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections = Connections(f"http://127.0.0.1:{listener.getsockname()[1]}")
        seen: list[Answer] = []
        for _ in range(2):
            asking = threading.Thread(target=lambda: seen.append(ask(connections)))
            asking.start()
            client, _ = listener.accept()
            with client:
                while b"{}" not in client.recv(4096):
                    pass
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                asking.join()
        connections.close()

    assert seen == [Answer(200, b"{}", "")] * 2


def test_nothing_is_asked_twice() -> None:
    with answering(CUT) as api:
        with pytest.raises((OSError, HTTPException)):
            ask(Connections(api.url))
        assert len(api.asked) == 1


WHOLE = f"HTTP/1.1 200 OK\r\nContent-Length: 26\r\nServer: x\r\n\r\n{SUCCESS}".encode()


def test_an_answer_that_is_cut_anywhere_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections = Connections(f"http://127.0.0.1:{listener.getsockname()[1]}")
        answering = threading.Thread(target=answer_parts, args=[listener])
        answering.start()
        for _ in range(len(WHOLE)):
            with pytest.raises((HTTPException, OSError)):
                ask(connections)
        assert ask(connections).body == SUCCESS.encode()
        answering.join()
        connections.close()


def answer_parts(listener: socket.socket) -> None:
    """Less than all, one byte more each time; and all of it at last."""
    for size in range(len(WHOLE) + 1):
        client, _ = listener.accept()
        with client:
            while b"{}" not in client.recv(4096):
                pass
            client.sendall(WHOLE[:size])


def test_a_redirect_and_a_proxy_of_the_environment_get_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with answering(Reply(302, "", (("Location", "http://127.0.0.1:1/"),))) as api:
        connections = Connections(api.url)
        assert ask(connections).status == 302
        connections.close()


def test_a_fork_leaves_the_connections_of_its_parent_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with answering() as api:
        connections = Connections(api.url)
        ask(connections)
        monkeypatch.setattr(os, "getpid", lambda: -1)
        ask(connections)
        connections.close()

    assert clients(api) == 2


@pytest.mark.parametrize(
    "url",
    ["ws://h", "h:2346", "http://", "http://me:secret@h/", "http://h/?a=b", "http://h:0"],
)
def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"it must be|can stand in it") as raised:
        Connections(url)

    assert "secret" not in str(raised.value)
