"""JSON as content, end to end: a value where listeners get JSON, its text where they get text."""

import json
from typing import Any

from message_center_client import Client as Backend
from message_center_client import Message, listen
from tests.support.events import EventStream
from tests.support.system import KEY, PREFIX, System
from tests.support.websocket import Client

VALUE = {"订": ["单 😀", '"\\\n', 1.0, 10**20, None], "empty": [{}, []]}
TEXT = '{"订":["单 😀","\\"\\\\\\n",1.0,100000000000000000000,null],"empty":[{},[]]}'
FOREIGN = b"\x1e" + json.dumps({"content": VALUE, "channel": "orders"}, indent=1).encode()
COUNT = 7


def push_all(system: System) -> None:
    with Backend(f"http://127.0.0.1:{system.http_port}") as backend:
        backend.push(VALUE)
        backend.push(TEXT)
        backend.push_batch([{"content": VALUE, "channels": ["orders"]}, {"content": []}])
        backend.push({"a": 1}, id="1")
    system.redis.lpush(KEY, FOREIGN)
    again = system.call("/push?id=1", b'{"a":1}', Content_Type="text/plain")
    assert again[1]["error"] == "id_reused"  # The same text, but not as JSON.
    assert system.call("/push", b"hello")[1]["code"] == 0  # As `curl -d hello` sends it.


def contents(rows: list[str]) -> list[Any]:
    return [json.loads(row)["content"] for row in rows]


def test_json_arrives_as_a_value_or_as_its_text_and_text_as_text(system: System) -> None:
    system.start_http()
    _, port = system.start_ws(DELIVERY="instant")
    query = "format=json&channels=orders"
    text, as_json = Client(port, "/?channels=orders"), Client(port, f"/?{query}")
    as_json.texts(1)  # The welcome.

    with (
        text.socket,
        as_json.socket,
        EventStream(port, "?channels=orders") as events,
        EventStream(port, f"?{query}") as json_events,
    ):
        push_all(system)

        values = [VALUE, TEXT, VALUE, [], {"a": 1}, VALUE, "hello"]
        texts = [PREFIX + each for each in (TEXT, TEXT, TEXT, "[]", '{"a":1}', TEXT, "hello")]
        assert text.texts(COUNT) == texts
        assert events.messages(COUNT) == texts
        assert contents(as_json.texts(COUNT)) == values
        assert contents(json_events.messages(COUNT)) == values
    with listen(f"ws://127.0.0.1:{port}/", channels=["orders"], last=100) as listener:
        found: list[Message] = [each for _, each in zip(range(COUNT), listener, strict=False)]
    assert [each.content for each in found] == values
    rows = system.call("/messages?last=100")[1]["messages"]
    assert [row["content"] for row in rows] == values
    assert list(rows[0]["content"]) == list(VALUE)  # The names in their order, too.
