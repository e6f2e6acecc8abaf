"""The lines of both processes: all in one format, and none with a content, a token or a secret."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.events import EventStream
from tests.support.keys import SECRET, forged, in_seconds, signed
from tests.support.processes import Process, free_port, wait_until
from tests.support.system import System
from tests.support.websocket import CLOSE, TEXT, Client

CONTENT, PUSH_TOKEN = "c0ntent-of-a-message", "t0ken-that-may-push-0123"
JWT = signed({"sub": "42", "exp": in_seconds(600)})
OLD = signed({"sub": "old-user", "exp": in_seconds(-600)})
FORGED = forged({"alg": "none"}, {"sub": "wr0ng-user"})
TOKENS = (JWT, OLD, FORGED)
# A JSON Web Token is known by its second part.
HIDDEN = (CONTENT, PUSH_TOKEN, SECRET, *(each.split(".")[1] for each in TOKENS))
AUTHORIZATION = f"Bearer {PUSH_TOKEN}"


class Servers:
    """Both, and what they have logged."""

    def __init__(self, system: System, http: Process, ws: Process, ws_port: int) -> None:
        self.system, self.http, self.ws, self.ws_port = system, http, ws, ws_port

    def lines(self) -> list[dict[str, Any]]:
        told = [*self.http.output.splitlines(), *self.ws.output.splitlines()]
        return [json.loads(line) for line in told]

    def events(self) -> set[str]:
        return {line["event"] for line in self.lines()}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    told: dict[str, Any] = {
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "debug",
        "DELIVERY": "instant",
        "PUSH_TOKENS": f"shop:{PUSH_TOKEN}",
        "SUBSCRIBE_SECRET": SECRET,
        "WORKER_CLASS": "tests.support.failing:Failing",
    }
    with System(tmp_path_factory.mktemp("logs")) as system:
        ws_port = free_port()
        ws, _ = system.start_ws(ws_port, **told)
        http = system.start_http(WS_PORT=ws_port, **told)
        yield Servers(system, http, ws, ws_port)


def ask_the_http_api(system: System) -> None:
    """In all the ways that one can go wrong, too."""
    call, form = system.call, f"content={CONTENT}".encode()
    usual = {"Authorization": AUTHORIZATION, "X_Request_Id": "mine-1"}
    as_json = {**usual, "Content_Type": "application/json"}
    others: tuple[dict[str, Any], ...] = (usual, {}, {"Authorization": "Bearer wr0ng"})
    for headers in others:
        call("/push", form, **headers)
        call(f"/push?content={CONTENT}&token={PUSH_TOKEN}", **headers)
        call(f"/{CONTENT}/{JWT}?token={PUSH_TOKEN}", **headers)
        in_json = {**headers, "Content_Type": "application/json"}
        call("/push/batch", json.dumps([{"content": CONTENT}]).encode(), None, **in_json)
    call("/push", json.dumps({"content": CONTENT, "channel": "news"}).encode(), **as_json)
    call("/push", json.dumps({"content": CONTENT, "chanel": CONTENT}).encode(), **as_json)
    call("/push", f'{{"content": "{CONTENT}'.encode(), **as_json)
    call("/push", f"content={CONTENT}&user={quote(CONTENT + ' ')}".encode(), **usual)
    call(f"/users/{CONTENT}%20/connections", None, "DELETE", **usual)
    call("/tokens", json.dumps({"user": "42", "token": JWT}).encode(), **as_json)
    call("/tokens", json.dumps({"user": "42"}).encode(), **as_json)
    call(f"/messages?user={JWT}", None, **usual)
    call("/stats", None, "PUT", **usual)


def listen(port: int) -> None:
    for token in (JWT, OLD, FORGED, ""):
        for headers in ({}, {"X_Request_Id": "mine-2"}):
            with Client(port, f"/{CONTENT}?token={token}&format=json", headers=headers) as client:
                if client.status == 101:
                    client.send(TEXT, json.dumps({"token": FORGED}).encode())
                    client.send(TEXT, CONTENT.encode())  # At which the hook fails.
                    client.send(CLOSE, b"\x10\x00" + CONTENT.encode())
                    client.close_code()
            with EventStream(port, f"?token={token}", headers=headers):
                pass


def test_no_line_has_a_content_or_a_token_and_all_are_json(servers: Servers) -> None:
    ask_the_http_api(servers.system)
    listen(servers.ws_port)
    with servers.system.stalled_redis():
        servers.system.call("/push", f"content={CONTENT}".encode(), Authorization=AUTHORIZATION)
    wanted = {"push", "refused", "request", "sent", "came", "went", "closing"}
    wait_until(lambda: wanted <= servers.events(), "all kinds of lines")

    told = servers.http.output + servers.ws.output
    assert [line for line in told.splitlines() for each in HIDDEN if each in line] == []
    failed = [line for line in servers.lines() if "failure" in line]
    assert [line["failure"].splitlines()[-1] for line in failed] == ["ValueError"] * len(failed)
    assert failed
    pushed = [line for line in servers.lines() if line["event"] == "push"]
    assert pushed[0]["by"] == "shop"
    assert pushed[0]["request"] == "mine-1"
    assert pushed[0]["bytes"] == len(CONTENT)


def test_the_lines_of_a_start_and_of_gunicorn_are_in_the_format_too(tmp_path: Path) -> None:
    with System(tmp_path) as system:
        process = system.start_http(
            LOG_FORMAT="json", MESSAGE_CENTER_COLOUR="red", HTTP_WORKERS=2, LOG_LEVEL="debug"
        )
        process.stop()

    lines = [json.loads(line) for line in process.output.splitlines()]
    assert any("MESSAGE_CENTER_COLOUR" in line["msg"] for line in lines)
    assert any(line["event"] == "gunicorn.error" for line in lines)
    assert {line["process"] for line in lines} == {"http"}
