"""What frames and events have in common: a message as JSON, and text that is valid UTF-8.

From messages to bytes, once for all clients of a format. No sockets here, and no Redis.
"""

import json
from collections.abc import Sequence
from itertools import repeat
from json.encoder import encode_basestring

from common.json_content import JsonBytes
from common.message import Mark
from common.page import Page

Names = Sequence[str | None] | None
Channels = frozenset[str]
# `json.dumps` would make an encoder each time.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
OURS = "message-center:"  # So our own events begin in the protocols of others.


def valid_utf8(content: bytes) -> bytes:
    """`content` with U+FFFD for what is no UTF-8: browsers close at an invalid text frame."""
    if content.isascii():
        return content
    try:
        content.decode()
    except UnicodeDecodeError:
        return content.decode(errors="replace").encode()
    return content


def messages_as_json(epoch: str, page: Page, names: Names) -> list[bytes]:
    """Each message of a page as a JSON object; `names` are the channels that each comes from."""
    start = '{"id":"' + epoch + "-"
    bodies = []
    texts = texts_as_json(page.contents)
    for id_, text, name in zip(page.ids, texts, names or repeat(None), strict=False):
        channel = f'"{name}"' if name else "null"  # Nothing in a name needs escaping.
        at = id_.decode()
        time = at.partition("-")[0]
        bodies.append(f'{start}{at}","channel":{channel},"content":{text},"time":{time}}}'.encode())
    if page.events is not None:
        pairs = zip(bodies, page.events, strict=True)
        bodies = [_with(body, b'"event":' + _name(each)) if each else body for body, each in pairs]
    if page.receipts is not None:  # Who confirms by a command is told when.
        pairs = zip(bodies, page.receipts, strict=True)
        bodies = [_with(body, b'"receipt":true') if asked else body for body, asked in pairs]
    return bodies


def _with(body: bytes, field: bytes) -> bytes:
    return body[:-1] + b"," + field + b"}"


def _name(event: bytes) -> bytes:
    return encode_basestring(event.decode("utf-8", "replace")).encode()


def texts_as_json(contents: Sequence[bytes]) -> list[str]:
    """Each content as it stands in a JSON object."""
    if JsonBytes in map(type, contents):
        return list(map(_text, contents))
    return [encode_basestring(content.decode("utf-8", "replace")) for content in contents]


def _text(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    return text if type(content) is JsonBytes else encode_basestring(text)


def welcome_fields(
    at: Mark, channels: Channels, connection: str, *, complete: bool
) -> dict[str, object]:
    """What a client is told first: after which id it goes on, and whether it misses anything."""
    fields = {"id": str(at), "complete": complete, "channels": sorted(channels)}
    return {**fields, "connection": connection} if connection else fields


def as_json(value: object) -> bytes:
    """In UTF-8, as short as it can be."""
    return _encode(value).encode()
