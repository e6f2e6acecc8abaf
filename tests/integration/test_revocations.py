"""A token is revoked at one process, and counts no more at all of them."""

import json
from pathlib import Path

from tests.support.keys import SECRET, in_seconds, signed
from tests.support.processes import free_port
from tests.support.system import System
from tests.support.websocket import Client
from ws_server.wire.close_codes import REVOKED


def status(port: int, token: str) -> int:
    with Client(port, f"/?token={token}") as client:
        return client.status


def test_a_revoked_token_is_closed_everywhere_and_taken_nowhere(tmp_path: Path) -> None:
    with System(tmp_path) as system:
        ports = [system.start_ws(SUBSCRIBE_SECRET=SECRET)[1] for _ in range(2)]
        system.start_http(SUBSCRIBE_SECRET=SECRET)
        told = system.call("/tokens", b'{"user": "7"}', Content_Type="application/json")[1]
        named, old, other = (
            told["token"],
            signed({"sub": "42", "exp": in_seconds(600)}),
            signed({"sub": "43", "jti": "stays", "exp": in_seconds(600)}),
        )
        clients = {
            token: [Client(port, f"/?token={token}") for port in ports]
            for token in (named, old, other)
        }

        for wish in ({"jti": told["jti"]}, {"user": "42"}):
            data = json.dumps(wish).encode()
            assert system.call("/revocations", data, Content_Type="application/json")[0] == 200

        for token in (named, old):
            assert {client.close_code() for client in clients[token]} == {REVOKED.code}
        _, late = system.start_ws(free_port(), SUBSCRIBE_SECRET=SECRET)  # It knows at once.
        for port in (*ports, late):
            assert [status(port, token) for token in (named, old, other)] == [401, 401, 101]
        system.push("to who is left")
        assert all(client.texts(1) for client in clients[other])
        for client in (each for some in clients.values() for each in some):
            client.socket.close()
