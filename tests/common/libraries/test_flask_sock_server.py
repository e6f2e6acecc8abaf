"""What we use of flask-sock and it does not promise. Each failure says what has changed."""

from typing import Any

import flask_sock
import pytest
from flask import Flask

from common.libraries.flask_sock_server import websockets
from tests.support.libraries import Part, complaint, complaint_without, named

NAME = "flask-sock"
NOW = named(NAME)
PARTS = [
    Part(NAME, flask_sock, "Server"),
    Part(NAME, flask_sock.Sock, "__init__", ("self", "app")),
    Part(NAME, flask_sock.Sock, "route", ("self", "path")),
]
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade"}


class Server:
    """Stands where the library has its own. Unrealistic: it answers nothing."""

    mode = "werkzeug"

    def __init__(self, environ: dict[str, Any], **options: Any) -> None:
        self.environ = environ
        self.options = options


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_it_has_what_is_used(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not complaint(part), complaint(part)
    assert complaint_without(part, monkeypatch)


def test_a_view_is_given_what_our_server_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flask_sock, "Server", flask_sock.Server)  # And back again.
    app, given = Flask(__name__), list[Any]()
    websockets(app, Server).route("/<name>")(lambda *each, **named: given.append((*each, named)))

    app.test_client().get("/here", headers=UPGRADE)

    assert len(given) == 1, f"{NOW}: a view of its `route` is not called at a handshake"
    server, rest = given[0]
    assert type(server) is Server, (
        f"{NOW}: its routes look up no `flask_sock.Server` any more, but make a {type(server)}"
    )
    assert server.environ["PATH_INFO"] == "/here", f"{NOW}: a server is not given the environment"
    assert server.options == {}, f"{NOW}: a server is given options: {server.options}"
    assert rest == {"name": "here"}, f"{NOW}: a view is not given the parts of its path"


def test_who_asks_for_no_websocket_does_not_get_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flask_sock, "Server", flask_sock.Server)
    app = Flask(__name__)
    websockets(app, Server).route("/")(lambda _: None)

    status = app.test_client().get("/").status_code

    assert status == 400, f"{NOW}: its routes are for plain requests, too: {status}"
