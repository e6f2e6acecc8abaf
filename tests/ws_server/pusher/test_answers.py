"""What clients are told, as their libraries read it."""

import json
from typing import Any

from tests.support.websocket import TEXT
from ws_server.pusher import answers


def told(data: bytes) -> dict[str, Any]:
    assert data[0] & 0x0F == TEXT
    found: dict[str, Any] = json.loads(data[2:] if data[1] < 126 else data[4:])
    return found


def test_data_is_the_text_of_json() -> None:
    said = told(answers.established("1.2"))

    assert said["event"] == "pusher:connection_established"
    assert json.loads(said["data"]) == {"socket_id": "1.2", "activity_timeout": 120}


def test_data_of_an_error_is_json_itself() -> None:
    assert told(answers.error("no", 4301)) == {
        "event": "pusher:error",
        "data": {"code": 4301, "message": "no"},
    }


def test_what_is_of_a_channel_names_it() -> None:
    assert told(answers.subscribed("é")) == {
        "event": "pusher_internal:subscription_succeeded",
        "channel": "é",
        "data": "{}",
    }
    assert told(answers.cache_miss("cache-a"))["channel"] == "cache-a"
    assert json.loads(told(answers.not_subscribed("a", "AuthError", "no", 401))["data"]) == {
        "type": "AuthError",
        "error": "no",
        "status": 401,
    }


def test_a_gap_may_be_of_no_channel() -> None:
    assert "channel" not in told(answers.gap(None, {"id": "x"}))
    assert told(answers.gap("a", {"id": "x"}))["channel"] == "a"
