"""What Python writes, settle.lua reads, and nothing is in its way; with hypothesis."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from common.json_content import JsonBytes, text_of
from common.message import Mark, Message
from common.store.connect import connect
from common.store.log_state import Settled
from config.cli.embedded import EmbeddedValkey
from tests.support.store import Center
from tests.support.strategies import json_contents, texts

pytestmark = pytest.mark.integration

MARK = b"\x1e"

# As somebody's JSON library may write an envelope.
WRITERS: list[Callable[[Any], str]] = [
    json.dumps,
    lambda fields: json.dumps(fields, ensure_ascii=False),
    lambda fields: json.dumps(fields, indent=2),
    lambda fields: json.dumps(fields).replace("/", "\\/"),
]

names = st.sampled_from(["a", "user", "content", "channels"])
contents = texts() | texts().map(lambda text: "\x1e" + text)
plain = st.binary().filter(lambda item: not item.startswith(MARK))
fragments = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        '"',
        ":",
        ",",
        '"content"',
        '"channels"',
        '"kick"',
        "\\ud83d",
        "\\",
        "1e9",
        "null",
        " ",
        "\x00",
    ]
)
almost_json = st.lists(fragments, max_size=12).map(lambda parts: "".join(parts).encode())


@pytest.fixture(scope="module")
def shared(valkey: EmbeddedValkey) -> Iterator[redis.Redis]:
    client = connect(valkey.url, timeout=5, connections=1)
    yield client
    client.connection_pool.disconnect()


def settled(client: redis.Redis, items: list[bytes]) -> tuple[Settled, list[bytes], list[bytes]]:
    """What one settle of `items` says, and what is in the log and set aside then."""
    key = f"test-{uuid4().hex}"
    center = Center(client, key)
    center.queue.push(items)
    done, page = center.log.settle_and_read(Mark("", 0), 1000)
    aside: list[Any] = client.lrange(f"{{{key}}}:rejected", 0, -1)
    return done, page.contents, aside


@given(batch=st.lists(contents, min_size=1, max_size=8))
def test_any_content_comes_out_as_it_went_in(shared: redis.Redis, batch: list[str]) -> None:
    done, logged, aside = settled(shared, [Message(content).to_item() for content in batch])

    assert done == Settled(moved=len(batch), rejected=0, waiting=0)
    assert logged == [content.encode() for content in batch]
    assert aside == []


@given(text=texts(), write=st.sampled_from(WRITERS))
def test_an_envelope_of_any_json_library_is_read(
    shared: redis.Redis, text: str, write: Callable[[Any], str]
) -> None:
    done, logged, _ = settled(shared, [MARK + write({"content": text}).encode()])

    assert (done.rejected, logged) == (0, [text.encode()])


@given(value=json_contents, write=st.sampled_from(WRITERS), name=names)
def test_json_of_any_json_library_is_as_it_was_pushed_over_http(
    shared: redis.Redis, value: Any, write: Callable[[Any], str], name: str
) -> None:
    text = text_of(value)
    before, behind = {"channels": [name]}, {"user": "1"}
    items = [
        Message(text).to_item(),
        MARK + write({"content": value}).encode(),
        MARK + write({**before, "content": value, **behind}).encode(),
        MARK + write({"json": True, "content": text, **behind}).encode(),
    ]

    done, logged, _ = settled(shared, items)

    assert done.rejected == 0
    assert [(type(content), content) for content in logged] == [(JsonBytes, text.encode())] * 4


@given(before=plain, junk=st.binary() | almost_json, after=plain)
def test_no_bytes_are_lost_or_in_the_way(
    shared: redis.Redis, before: bytes, junk: bytes, after: bytes
) -> None:
    envelope = MARK + junk

    done, logged, aside = settled(shared, [before, envelope, after])

    assert (done.moved + done.rejected, done.waiting) == (3, 0)
    assert (logged[0], logged[-1]) == (before, after)
    assert aside == [envelope] * done.rejected
    assert done.rejected <= 1
    if done.rejected == 0:  # Then it was an envelope indeed.
        fields = json.loads(junk, strict=False)
        content = fields.get("content", "")
        assert logged[1] == (content if isinstance(content, str) else text_of(content)).encode()
        assert "content" in fields or "kick" in fields
