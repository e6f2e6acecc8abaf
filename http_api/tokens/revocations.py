"""`/revocations`: listeners' tokens that count no more: one is added, listed, or taken back.

The routes. What is asked is read in `revoking`; the WebSocket servers look at Redis by themselves.
"""

from collections.abc import Callable
from time import time
from typing import Any

from flask import Flask, Response, jsonify, request

from common.refused import Refused
from common.revocation import USER, Revocation
from common.store.revocations import MOST, Revocations
from http_api.access.waiting import Turn
from http_api.reading.answers import SUCCESS
from http_api.reading.bodies import Bodies
from http_api.reading.head import Head
from http_api.tokens.revoking import named, revocation_of
from http_api.watching.questions import page_question, refuse_unknown

FULL = f"{MOST} revocations are kept already, and all of them still count"


def add_revocations(
    app: Flask, store: Revocations, bodies: Bodies, turn: Turn, clock: Callable[[], float] = time
) -> None:
    """Add the routes."""

    @app.post("/revocations")
    def revoke() -> Response:
        get = request.environ.get
        kind, encoding = get("CONTENT_TYPE", ""), get("HTTP_CONTENT_ENCODING", "")
        head = Head("POST", request.query_string, kind, encoding)
        with bodies.read(request) as body:
            wanted = revocation_of(head, body, int(clock()))
        with turn():
            made = store.add(wanted)
        if made is None:
            raise Refused("too_many_revocations", FULL)
        return jsonify({**SUCCESS, **_shown(made)})

    @app.get("/revocations")
    def revocations() -> Response:
        after, limit = page_question(request.args)
        with turn():
            all_ = store.all()
        rows = [each for each in all_ if _place(each) > after]
        page = [_shown(each) for each in rows[:limit]]
        more = _place(rows[limit - 1]) if len(rows) > limit else None
        return jsonify({**SUCCESS, "revocations": page, "next": more})

    @app.delete("/revocations")
    def take_back() -> Response:
        refuse_unknown(request.args, ("jti", "user"))
        kind, name = named(request.args.to_dict())
        with turn():
            was_there = store.remove(kind, name)
        return jsonify({**SUCCESS, kind: name, "removed": was_there})


def _place(each: Revocation) -> str:
    return f"{each.kind}:{each.name}"


def _shown(each: Revocation) -> dict[str, Any]:
    before = {"before": each.before} if each.kind == USER else {}
    return {each.kind: each.name, **before, "until": each.until, "made": each.made}
