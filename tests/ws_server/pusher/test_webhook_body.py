import json

from common.store.webhooks import Noted
from tests.support.pusher_talk import ONE, TWO
from ws_server.pusher.webhook_body import (
    MOST_BYTES,
    MOST_EVENTS,
    body_of,
    events_of,
    fitting,
    pause_after,
)


def noted(channel: str, more: bytes = b"") -> Noted:
    return Noted(b"1500-0", "member_added", channel, more)


def test_an_event_has_the_name_of_its_channel_at_its_application() -> None:
    notes = [noted("presence-a", b'{"user_id":"1"}'), noted("two:presence-b"), noted("a:b")]

    told = {"name": "member_added", "channel": "presence-a", "user_id": "1"}
    assert events_of(ONE, notes) == [told]
    assert events_of(TWO, notes) == [{"name": "member_added", "channel": "presence-b"}]


def test_what_somebody_else_has_written_is_passed_over() -> None:
    notes = [noted("a", b"{"), noted("a", b"[1]"), noted("a", b"[" * 5000 + b"]" * 5000)]

    assert events_of(ONE, notes) == [{"name": "member_added", "channel": "a"}] * 3


def test_a_body_says_when_it_was_sent() -> None:
    body = body_of([{"name": "x", "data": "é\ud800"}], 1.5)

    assert json.loads(body) == {"time_ms": 1500, "events": [{"name": "x", "data": "é\ud800"}]}
    assert body.isascii()


def test_a_request_is_bounded_and_tells_one_at_least() -> None:
    long = noted("a", b"x" * (MOST_BYTES + 1))

    assert len(fitting([noted("a")] * (MOST_EVENTS + 1))) == MOST_EVENTS
    assert fitting([long, noted("a")]) == [long]
    assert fitting([noted("a"), long, long]) == [noted("a")]
    assert fitting([]) == []


def test_pauses_grow_up_to_a_minute() -> None:
    assert [pause_after(each) for each in (1, 2, 3, 6, 7, 5000)] == [1, 2, 4, 32, 60, 60]


def test_a_note_knows_when_it_was_made() -> None:
    assert noted("a").seconds == 1.5
