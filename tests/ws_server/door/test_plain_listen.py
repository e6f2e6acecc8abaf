"""Who is let in at the door in the callback, and who is left to the application.

That both decide alike, a property test says.
"""

import os
from collections.abc import Iterator

import pytest

from common.serving.door.plain import read_head
from tests.support.door import FakeCaller
from tests.support.fakes import FakeAdopter, FakeTokens
from ws_server.door.grant import Grant
from ws_server.door.listen import DEFAULT
from ws_server.door.plain_listen import PlainListen
from ws_server.door.policy import OPEN, Policy

PAGE = "https://a.example"
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
VERSION = "Sec-WebSocket-Version: 13"
HANDSHAKE = f"Upgrade: websocket\nConnection: Upgrade\n{VERSION}\n{KEY}"
ACCEPT = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

# As the programs send them, but for the values that differ each time.
CLIENTS = {
    "Chromium": f"""Host: a:2345
Connection: Upgrade
Pragma: no-cache
Cache-Control: no-cache
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0
Upgrade: websocket
Origin: {PAGE}
Sec-WebSocket-Version: 13
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: zh-CN,zh;q=0.9
Cookie: a=1; b="2"
{KEY}
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits""",
    "Firefox": f"""Host: a:2345
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0
Accept: */*
Accept-Language: en-US,en;q=0.5
Accept-Encoding: gzip, deflate, br, zstd
Sec-WebSocket-Version: 13
Origin: {PAGE}
Sec-WebSocket-Extensions: permessage-deflate
{KEY}
DNT: 1
Connection: keep-alive, Upgrade
Sec-Fetch-Dest: empty
Sec-Fetch-Mode: websocket
Sec-Fetch-Site: cross-site
Pragma: no-cache
Cache-Control: no-cache
Upgrade: websocket""",
    "ws of Node": f"""Sec-WebSocket-Version: 13
{KEY}
Connection: Upgrade
Upgrade: websocket
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits
Host: a:2345""",
    "gorilla of Go": f"""Host: a:2345
User-Agent: Go-http-client/1.1
Connection: Upgrade
{KEY}
Sec-WebSocket-Version: 13
Upgrade: websocket""",
    "websockets of Python": f"""Host: a:2345
Upgrade: websocket
Connection: Upgrade
{KEY}
Sec-WebSocket-Version: 13
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits
User-Agent: Python/3.11 websockets/17.4""",
    "nginx": f"""Host: a.example
X-Real-IP: 192.0.2.7
X-Forwarded-For: 192.0.2.7
X-Forwarded-Proto: https
Upgrade: websocket
Connection: upgrade
Pragma: no-cache
Origin: {PAGE}
Sec-WebSocket-Version: 13
{KEY}""",
    "Caddy": f"""Host: a.example
User-Agent: Mozilla/5.0
Connection: Upgrade
Origin: {PAGE}
{KEY}
Sec-Websocket-Version: 13
Upgrade: websocket
Via: 1.1 Caddy
X-Forwarded-For: 192.0.2.7
X-Forwarded-Host: a.example
X-Forwarded-Proto: https""",
}
EVENT_SOURCE = f"""Host: a:2345
Connection: keep-alive
Accept: text/event-stream
Cache-Control: no-cache
Origin: {PAGE}
Last-Event-ID: e-7
Accept-Encoding: gzip, deflate, br, zstd"""


class AtDoor:
    """What asks to listen, and what becomes of it."""

    def __init__(self, policy: Policy = OPEN, early: bytes = b"") -> None:
        self.service = FakeAdopter()
        self.plain = PlainListen(self.service, policy)
        self.caller = FakeCaller(early=early)

    def ask(self, lines: str, target: str = "/") -> bool:
        """Whether it was let in."""
        data = f"GET {target} HTTP/1.1\n{lines}\n\n".replace("\n", "\r\n").encode()
        found = read_head(data)
        if found is None or not self.plain.takes(*found, is_whole=True):
            return False
        return self.plain.answer(found[0], b"", self.caller, lambda _answer: None)

    def answer(self) -> bytes:
        return self.caller.client.recv(10_000)

    def close(self) -> None:
        for fd, *_ in self.service.adopted:
            os.close(fd)
        self.caller.close()


@pytest.fixture
def made() -> Iterator[list[AtDoor]]:
    made: list[AtDoor] = []
    yield made
    for each in made:
        each.close()


@pytest.mark.parametrize("client", CLIENTS)
def test_what_programs_send_is_plain(made: list[AtDoor], client: str) -> None:
    made.append(at := AtDoor())

    assert at.ask(CLIENTS[client], "/a.b/c?x=1")
    assert at.answer().startswith(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n")
    assert len(at.service.adopted) == 1


def test_a_client_is_adopted_with_what_it_asks_for_and_said_too_early(made: list[AtDoor]) -> None:
    made.append(at := AtDoor(early=b"early"))

    assert at.ask(
        f"Host: a\n{HANDSHAKE}\nSec-WebSocket-Protocol: message-center.json", "/?channels=a,b"
    )

    ((_, early, listen),) = at.service.adopted
    assert (early, listen.format, listen.channels) == (b"early", "json", frozenset("ab"))
    answer = at.answer()
    assert ACCEPT in answer
    assert b"\r\nSec-WebSocket-Protocol: message-center.json\r\n" in answer


def test_who_asks_for_nothing_costs_nothing(made: list[AtDoor]) -> None:
    made.append(at := AtDoor())

    assert at.ask(f"Host: a\n{HANDSHAKE}")
    assert at.service.adopted[0][2] is DEFAULT


@pytest.mark.parametrize("target", ["/events", "/a/events/", "//events"])
def test_a_stream_of_events_begins_behind_any_prefix(made: list[AtDoor], target: str) -> None:
    made.append(at := AtDoor())

    assert at.ask(EVENT_SOURCE, target)

    head = at.answer()
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream")
    assert b"\r\nAccess-Control-Allow-Origin: " in head
    assert head.endswith(b"\r\n\r\n")
    listen = at.service.adopted[0][2]
    assert (listen.events, listen.last_id) == (True, "e-7")


def test_a_token_and_an_address_are_looked_at(made: list[AtDoor]) -> None:
    policy = Policy(
        FakeTokens({"T": Grant("42")}), address_of=lambda given: str(given["HTTP_X_FORWARDED_FOR"])
    )
    made.append(at := AtDoor(policy))
    lines = f"Host: a\n{HANDSHAKE}\nX-Forwarded-For: 192.0.2.7"

    assert at.ask(f"{lines}\nAuthorization: Bearer T")
    listen = at.service.adopted[0][2]
    assert (listen.grant.user, listen.address) == ("42", "192.0.2.7")


@pytest.mark.parametrize(
    ("lines", "target"),
    [
        (HANDSHAKE.replace("13", "8"), "/"),
        (HANDSHAKE.replace(KEY, ""), "/"),
        (HANDSHAKE.replace("==", ""), "/"),
        (HANDSHAKE, "/?format=xml"),
        (f"{HANDSHAKE}\nOrigin: https://b.example", "/"),
        (f"{HANDSHAKE}\n{KEY}", "/"),
        ("", "/"),
        ("", "/healthz"),
        ("", "/events?last=x"),
        ("Origin: https://b.example", "/events"),
    ],
)
def test_whoever_is_refused_or_wants_something_else_is_left_to_the_application(
    made: list[AtDoor], lines: str, target: str
) -> None:
    made.append(at := AtDoor(Policy(origins=frozenset([PAGE]))))

    assert not at.ask(f"Host: a\n{lines}".strip(), target)
    assert not at.caller.is_released
    assert not at.service.adopted


def test_whoever_finds_no_room_is_left_to_the_application(made: list[AtDoor]) -> None:
    made.append(at := AtDoor())
    at.service.refuses = "too many connections"

    assert not at.ask(f"Host: a\n{HANDSHAKE}")
    assert not at.ask("Host: a", "/events")
    assert not at.caller.is_released


def test_a_client_that_has_left_is_closed(made: list[AtDoor]) -> None:
    made.append(at := AtDoor())
    at.caller.client.close()

    assert at.ask(f"Host: a\n{HANDSHAKE}")
    assert at.caller.ours.fileno() == -1
    assert not at.service.adopted
