"""The door answers as the application behind gunicorn does, whatever bytes come.

Both are given the same bytes, in the same pieces, on a connection of their own. DOOR_EXAMPLES says
how many connections, and DOOR_SEED which.
"""

import os
import random
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import gevent
import pytest
from flask import Flask

from common.serving.door.answer import PlainApplication
from common.serving.door.plain import Head
from config.settings import Settings
from http_api.app import create_app
from http_api.process import plain
from tests.support.fakes import FakePresenceReader, FakeQueue
from tests.support.web_server import Application, WebServer

EXAMPLES = int(os.environ.get("DOOR_EXAMPLES", "2000"))
SEED = int(os.environ.get("DOOR_SEED", "1"))
VARYING = re.compile(rb"^(?:Date|Connection): [^\r\n]*\r\n", re.MULTILINE)
# What is no HTTP gunicorn refuses, at the door as behind it, and the connection ends. Which of
# several faults it finds first depends on where the bytes are cut; only these have no `Server`.
NO_HTTP = re.compile(rb"HTTP/1\.1 (?:4\d\d|501) [^\r\n]*\r\nContent-Type:.*\Z", re.DOTALL)
TOKENS = (("one", "SESAME-SESAME-SESAME"),)

METHODS = ["POST"] * 12 + ["GET"] * 6 + ["HEAD", "PUT", "OPTIONS", "post", "DELETE"]
PATHS = ["/push"] * 20 + ["/push/", "/Push", "/push.html", "/healthz", "/", "/push/batch",
    "//push",
    "/push/index", "/pus%68", "http://a/push", "*", "/push#a", "/push;a"]  # fmt: skip
QUERIES = [""] * 12 + ["?content=q", "?", "?content=%E4%BD%A0", "?content=a&channel=b", "?id=1",
    "?content=a&id=2", "?content=a#b", "?s=/push", "?chanel=a", "?content=%ff", "?a=b?c=d", '?c="',
    "?content=a&channels=a,b", "?content=[]", "?content=a+b", "?content=\xe4"]  # fmt: skip
VERSIONS = ["HTTP/1.1"] * 20 + ["HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.1 ", ""]
HOSTS = ["a"] * 12 + ["127.0.0.1:80", "[::1]:8", "", "a b", "a/b", "a@b", "a,b", "\xe4", "a:b"]
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
TYPES = [FORM] * 8 + [JSON] * 8 + ["Application/JSON", "application/json; charset=utf-8", "",
    "application/json;charset=gbk", "text/plain", "multipart/form-data; boundary=b", FORM + ";",
    "application/x+json", FORM + "; charset=latin1", "application/json, text/plain"]  # fmt: skip
BODIES = [b"content=a", b"content=hello&channel=x", b"content=", b"", b"a", b"content=%ff",
    b'{"content":"a"}', b'{"content":"a","channel":"b"}', b'{"content":1}', b'{"content":null}',
    b'["a"]', b"{", b'{"content":"a","id":"7"}', b'{"content":"b","id":"7"}', b"content=c&id=7",
    '{"content":"\u4f60"}'.encode(), b'{"content":"\\ud800"}', b'{"content":"a","users":["u"]}',
    b'--b\r\nContent-Disposition: form-data; name="content"\r\n\r\nm\r\n--b--\r\n',
    b"content=" + b"x" * 70_000, b"content=" + b"y" * 20_000, b"1", b'"a"', b"chanel=a",
    b'{"content":"a","content":"b"}', b"content=a&content=b", b"\x00", b"c=a\r\n"]  # fmt: skip
OTHERS = ["Accept: */*", "User-Agent: x/1", "Connection: keep-alive", "Connection: close",
    "Connection: Keep-Alive", "Connection: upgrade", "Connection: close, te", "Expect: x",
    "Expect: 100-continue",
    "Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Upgrade: websocket",
    "Upgrade: h2c", "Content-Encoding: gzip", "Content-Encoding: identity", "TE: trailers",
    "Idempotency-Key: 7", "Idempotency-Key: 8", "Idempotency-Key: \xe4", "Idempotency_Key: 7",
    "Content-Type: text/plain", "Content-Length: 3", "Content-Length: +3", "Content-Length: 3, 3",
    "Content-Length: 9999999999", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: x", "X : y", ": x",
    "X:y", "X:  y", "X: y ", "X:\ty", "X:", "X", " X: y", "Script-Name: /a", "Script_Name: /push",
    "Authorization: Bearer SESAME-SESAME-SESAME", "authorization: bearer SESAME-SESAME-SESAME",
    "Authorization: Bearer wrong", "Authorization: Basic eDp5", "Host: b", "Cookie: a=b", "X: \x00",
    "X: a\rb", "X: a\nb", "Range: bytes=0-1", "If-None-Match: *", "Origin: http://b", "X: \x7f",
    "X-HTTP-Method-Override: GET", "Trailer: x", "X: " + "y" * 3000, "X: " + "y" * 9000,
    "Keep-Alive: 5", "Proxy-Connection: close", "HTTP2-Settings: AAMAAABk", "Content-Length: 03",
    "Accept: a", "X: \xe4"]  # fmt: skip


class Api(Application):
    """The HTTP API with a queue in memory, behind gunicorn; at the door, too, if it is told so."""

    def __init__(self, settings: Settings, at_door: bool) -> None:
        super().__init__(settings)
        self.queue = FakeQueue()
        self.flask: Flask = create_app(settings, self.queue, FakePresenceReader(), lambda: 1.0)
        if at_door:
            self.plain = Counting(plain(self.flask))

    def wsgi(self) -> Callable[..., Any]:
        return self.flask


class Counting(PlainApplication):
    """Counts what was answered at the door: a test of nothing would be green."""

    def __init__(self, application: PlainApplication) -> None:
        self._application = application
        self.count = 0

    def takes(self, head: Head, *, is_whole: bool) -> bool:
        return self._application.takes(head, is_whole=is_whole)

    def answer(self, *given: Any) -> bool:
        self.count += 1
        return self._application.answer(*given)


def made(chance: random.Random) -> bytes:
    """A request, mostly a good one."""
    oddity = chance.choice([0.0, 0.0, 0.0, 0.1, 0.5, 1.0])

    def pick(choices: list[Any]) -> Any:
        return chance.choice(choices) if chance.random() < oddity else choices[0]

    body: bytes = chance.choice(BODIES)
    head = pick(TYPES) if chance.random() < oddity else (JSON if body[:1] in b'{["1' else FORM)
    method = chance.choice(METHODS) if chance.random() < 0.3 else "POST"
    if method == "GET" and chance.random() < 0.8:
        body = b""
    lines = [f"{method} {pick(PATHS)}{chance.choice(QUERIES)} {pick(VERSIONS)}"]
    fields = [f"Host: {pick(HOSTS)}", f"Content-Type: {head}"]
    if body or chance.random() < 0.5:
        fields.append(f"Content-Length: {len(body)}")
    if chance.random() < 0.5:
        fields.append("Authorization: Bearer SESAME-SESAME-SESAME")
    fields += [chance.choice(OTHERS[:3]) for _ in range(chance.randrange(3))]
    if chance.random() < oddity:
        fields += [chance.choice(OTHERS) for _ in range(chance.randrange(1, 3))]
    if chance.random() < 0.3:
        chance.shuffle(fields)
    if chance.random() < oddity / 4:
        fields.pop(chance.randrange(len(fields)))
    end = "\n" if chance.random() < oddity / 10 else "\r\n"
    return end.join([*lines, *fields, "", ""]).encode("latin-1") + body


def damaged(chance: random.Random, data: bytes) -> bytes:
    """The same, with a little damage at times."""
    if chance.random() < 0.7:
        return data
    place = chance.randrange(len(data))
    piece = bytes(chance.choices(b"\r\n\x00 \t:,;%#?/\x80aA1", k=chance.randrange(1, 3)))
    return chance.choice(
        [
            data[:place] + data[place + 1 :],
            data[:place] + piece + data[place:],
            data[:place] + piece + data[place + 1 :],
            data[:place],
            data[:place] + data[place // 2 :],
        ]
    )


def cut(chance: random.Random, data: bytes) -> list[bytes]:
    """In pieces, at any byte."""
    places = sorted(chance.randrange(len(data) + 1) for _ in range(chance.choice([0, 0, 1, 2, 5])))
    edges = [0, *places, len(data)]
    return [data[a:b] for a, b in pairwise(edges) if a < b]


def said(server: WebServer, pieces: list[bytes]) -> bytes:
    """What is answered."""
    client = server.connect()
    server.clients.remove(client)
    try:
        for piece in pieces:
            client.send(piece)
            gevent.sleep(0.0001)
        client.end_sending()
        return NO_HTTP.sub(b"no HTTP", VARYING.sub(b"", client.rest()))
    except ConnectionError:
        return b"reset"  # What was not read decides that, and when: nothing to compare.
    finally:
        client.close()


@pytest.fixture(params=[{}, {"push_tokens": TOKENS, "address_messages_per_second": 10.0**9}])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[WebServer, WebServer]]:
    settings = Settings(header_timeout=5.0, **request.param)
    servers = [WebServer(settings, 64, 1, Api(settings, at_door)) for at_door in (True, False)]
    for each in servers:
        each.start()
    yield servers[0], servers[1]
    for each in servers:
        each.close()


def test_both_answer_the_same_and_queue_the_same(
    pair: tuple[WebServer, WebServer], request: pytest.FixtureRequest
) -> None:
    chance = random.Random(SEED)
    for number in range(EXAMPLES // 2):
        requests = [made(chance) for _ in range(chance.choice([1, 1, 1, 2, 3]))]
        pieces = cut(chance, damaged(chance, b"".join(requests)))
        answers = [said(server, pieces) for server in pair]
        queues = [server.app.queue.pushes for server in pair]  # type: ignore[attr-defined]

        flat = [[item for push in pushes for item in push] for pushes in queues]
        assert b"reset" in answers or answers[0] == answers[1], (number, pieces)
        assert flat[0] == flat[1], (number, pieces)
        for pushes in queues:
            pushes.clear()
    at_door: Any = pair[0].app.plain
    assert at_door.count > EXAMPLES // 10
