"""What is only read over HTTP: how the whole is, who is connected, the history, and receipts.

The routes; what they answer is in `stats`, `names`, `history`, `streams` and `receipts`. They need
a push token like all others, if there is one; a scope may allow some channels only.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask, Response, current_app, request

from common.refused import JSON
from common.store.beats import Beats
from common.store.history import History
from common.store.listener_counts import ListenerCounts
from common.store.presence_pages import CHANNELS, USERS, PresencePages
from common.store.pulse import Pulse
from common.store.receipts import ReceiptReader
from common.store.revocations import Revocations
from common.version import running_version
from config.settings import Settings
from http_api.access import asker
from http_api.access.waiting import Turn
from http_api.reading.answers import SUCCESS
from http_api.reading.params import is_id
from http_api.watching import questions, receipts
from http_api.watching.history import Archive, MessagesPage
from http_api.watching.stats import Stats
from http_api.watching.streams import Streams
from http_api.watching.tally import Tally

EVENTS = "/messages/events"
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class ReadStores:
    """Where it is read from."""

    beats: Beats
    people: PresencePages
    counts: ListenerCounts
    history: History
    receipts: ReceiptReader
    revocations: Revocations


class Reads:
    """What answers, and what this process says of itself."""

    def __init__(
        self, stores: ReadStores, settings: Settings, turn: Turn, slots: int, tally: Tally
    ) -> None:
        self.stats = Stats(stores.beats, turn, settings, running_version())
        self.archive = Archive(stores.history)
        self.streams = Streams(self.archive, slots, settings.request_timeout)
        self._most_channels = settings.max_channels
        self._stores = stores
        self._turn = turn
        self._tally = tally

    def pulse(self) -> Pulse:
        """What the process is to let beat."""

        def figures() -> dict[str, Any]:
            return {"streams": self.streams.open}

        def counters() -> dict[str, int]:
            return {"pushes": self._tally.pushes}

        pulse = Pulse(self._stores.beats, "http", figures, counters)
        self.stats.hear(pulse.process, pulse.say, pulse.queue_age)
        return pulse

    def names(self, kind: str, one: str) -> dict[str, Any]:
        """A page of USERS or CHANNELS.

        Raises:
            Refused: a parameter is wrong, or too many wait for Redis.
            QueueUnavailable: Redis did not answer.
        """
        asked = questions.names_question(request.args)
        with self._turn():
            page = self._stores.people.page(kind, asked.after, asked.prefix, asked.limit)
        rows = [{one: name, "connections": count} for name, count in page.connections.items()]
        last = None if page.is_last or not rows else rows[-1][one]
        return {**SUCCESS, kind: rows, "next": last}

    def messages(self) -> dict[str, Any]:
        """A page of the history; raises as `names`."""
        asked = _within(questions.messages_question(request.args, self._most_channels))
        with self._turn():
            page = self._page(asked)
        answer = {
            **SUCCESS,
            "messages": page.messages,
            "next": page.next,
            "previous": page.previous,
            "more": page.more,
        }
        return answer if page.gap is None else {**answer, "gap": page.gap}

    def _page(self, asked: questions.MessagesQuestion) -> MessagesPage:
        if asked.last is None:
            return self.archive.page_after(asked.after, asked.wanted, asked.limit)
        return self.archive.page_before(asked.before, asked.wanted, asked.last)

    def receipt(self, push: str) -> dict[str, Any]:
        """What has become of a push; raises as `names`."""
        questions.nothing_else(request.args)
        scope = asker.scope()
        with self._turn():
            known = self._stores.receipts.read(push) if is_id(push) else None
        if scope is not None and known is not None and known.at is not None:
            scope.refuse_reading(frozenset(known.recipients) or None)
        return receipts.told(push, known)

    def events(self) -> Response:
        """The same as a stream; raises as `names`."""
        last_id = request.headers.get("Last-Event-ID")
        asked = _within(questions.stream_question(request.args, last_id, self._most_channels))
        with self._turn():
            stream = self.streams.begin(asked)
        # Closed by the web server, also if nothing of it was ever read.
        return Response(stream, content_type="text/event-stream", headers=STREAM_HEADERS)


def _within(asked: questions.MessagesQuestion) -> questions.MessagesQuestion:
    """The question of who may read it.

    Raises:
        Refused: the token may not.
    """
    scope = asker.scope()
    if scope is None:
        return asked
    scope.refuse_reading(asked.wanted)
    return asked if asked.wanted is None else replace(asked, wanted=questions.Only(asked.wanted))


def add_reads(app: Flask, reads: Reads) -> None:
    """Add the routes."""
    app.add_url_rule("/stats", "stats", _json(reads.stats.read))
    app.add_url_rule("/users", "users", _json(lambda: reads.names(USERS, "user")))
    app.add_url_rule("/channels", "channels", _json(lambda: reads.names(CHANNELS, "channel")))
    app.add_url_rule("/messages", "messages", _json(reads.messages))
    app.add_url_rule(EVENTS, "message_events", reads.events)
    app.add_url_rule("/messages/<path:push>", "receipt", _json(reads.receipt))


def _json(answer: Callable[..., dict[str, Any]]) -> Callable[..., Response]:
    def view(**names: str) -> Response:
        # The names in a content keep the order in which they were pushed.
        text = current_app.json.dumps(answer(**names), sort_keys=False, separators=(",", ":"))
        response = Response(text, content_type=JSON)
        response.headers["Cache-Control"] = "no-store"
        return response

    return view
