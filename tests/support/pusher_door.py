"""Triggers of Pusher's at the door, with an application in this process."""

import json
from contextlib import closing
from typing import Any

from flask import Flask

from common.serving.door.answer import Answer
from common.serving.door.plain import Head, read_head
from http_api.app import PLAIN_PUSH
from http_api.plain_trigger import PlainBoth
from tests.support.door import FakeCaller
from tests.support.fakes import FakeCommits, FakeQueue
from tests.support.pusher_http import query, signed


def at_door(app: Flask, queue: FakeQueue) -> PlainBoth:
    """What answers there."""
    both: PlainBoth = app.extensions[PLAIN_PUSH]
    both.commit_to(FakeCommits(queue), 0)
    return both


def head_of(path: str, text: str, headers: str = "", length: int = 0) -> Head | None:
    """That of a POST; None if it is not plain."""
    lines = f"POST {path}?{text} HTTP/1.1\r\nHost: a\r\n{headers}"
    found = read_head(f"{lines}Content-Length: {length}\r\n\r\n".encode())
    return None if found is None else found[0]


def head(document: Any, path: str = "/apps/3/events", headers: str = "", **other: Any) -> Head:
    """That of a signed trigger; `other` as of `signed`."""
    body = body_of(document)
    made = head_of(path, query(signed("POST", path, body, **other)), headers, len(body))
    assert made is not None
    return made


def body_of(document: Any) -> bytes:
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def answer(both: PlainBoth, head: Head, body: bytes) -> Answer | None:
    """What is answered; None if Flask is to answer."""
    told: list[Answer] = []
    if not both.takes(head, len(body), is_whole=True):
        return None
    with closing(FakeCaller()) as caller:
        if not both.answer(head, body, caller, told.append):
            assert told == []
            return None
    (only,) = told
    return only
