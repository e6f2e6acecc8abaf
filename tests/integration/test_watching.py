"""What can be read of real processes, two of each kind, while they run and when they end."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.store.beats import BEAT_LASTS
from tests.support.processes import wait_until
from tests.support.system import System
from tests.support.websocket import LIMIT, Client

TOKEN = "a-token-of-sixteen"


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with System(tmp_path) as system:
        yield system


def stats(system: System) -> dict[str, Any]:
    status, answer = system.call("/stats")
    assert status == 200
    found: dict[str, Any] = answer
    return found


def kinds(system: System) -> list[str]:
    return [each["kind"] for each in stats(system)["processes"]]


def events(system: System, query: str = "", **headers: str) -> Any:
    url = f"http://127.0.0.1:{system.http_port}/messages/events{query}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return urllib.request.urlopen(urllib.request.Request(url, headers=named), timeout=LIMIT)


def rows(stream: Any) -> Iterator[dict[str, Any]]:
    """Messages, not notices."""
    for line in stream:
        if line.startswith(b"data: ") and b'"content"' in line:
            yield json.loads(line.removeprefix(b"data: "))


def test_every_process_is_known_and_gone_when_it_ends(system: System) -> None:
    system.start_http(HTTP_WORKERS=2)
    ws, port = system.start_ws(WS_WORKERS=2, DELIVERY="instant")
    system.connect(port, 3)
    wait_until(lambda: stats(system)["totals"]["connections"] == 3, "the connections")
    assert kinds(system) == ["http", "http", "ws", "ws"]

    def are_busy() -> bool:
        system.push("a")
        return all(stats(system)["totals"]["rates"].values())

    wait_until(are_busy, "rates")
    found = stats(system)
    assert found["log"]["length"] > 0
    assert {each["settings"]["delivery"] for each in found["processes"] if "settings" in each} == {
        "instant"
    }

    ws.stop()
    # Sooner than those that are silent are forgotten.
    wait_until(lambda: kinds(system) == ["http", "http"], "they have left", 0.7 * BEAT_LASTS)


def test_pushes_at_the_door_and_behind_it_are_counted(system: System) -> None:
    system.start_http()

    def pushed() -> bool:
        system.push("plain")  # At the door.
        system.call("/push/batch", b'["a"]', content_type="application/json")  # Behind it.
        rates = [each["rates"]["pushes"] for each in stats(system)["processes"]]
        return bool(sum(rates) > 1)

    wait_until(pushed, "a rate")


def test_a_queue_that_nobody_settles_gets_older(system: System) -> None:
    system.start_http()
    ws, _ = system.start_ws(DELIVERY="instant")
    assert system.push("a")[0] == 200
    wait_until(lambda: stats(system)["log"]["length"] == 1, "it is settled")
    ws.stop()
    assert system.push("b")[0] == 200

    wait_until(lambda: (stats(system)["queue"]["oldest_seconds"] or 0) > 1, "an age")
    assert stats(system)["queue"]["length"] == 1


def test_a_stream_has_what_is_pushed_from_where_it_ended(system: System) -> None:
    system.start_http(HTTP_WORKERS=2)
    system.start_ws(DELIVERY="instant", WS_WORKERS=2)
    with events(system) as stream:
        assert system.push("first")[0] == 200
        found = next(rows(stream))
        assert (found["content"], found["to"]) == ("first", [])
    assert system.call("/push?content=second&user=42")[0] == 200
    assert system.call("/push?content=third&user=7")[0] == 200

    with events(system, "?user=42", Last_Event_ID=found["id"]) as stream:
        assert system.push("fourth")[0] == 200
        later = rows(stream)
        assert [next(later)["content"] for _ in range(2)] == ["second", "fourth"]

    with events(system, "?sample=1") as stream:
        many = json.dumps([str(number) for number in range(99)]).encode()
        assert system.call("/push/batch", many, content_type="application/json")[0] == 200
        assert b"event: skipped\n" in stream


def test_a_listener_and_a_page_have_the_same_ids(system: System) -> None:
    system.start_http()
    _, port = system.start_ws(DELIVERY="instant")
    with Client(port, "/?format=json&channels=orders") as client:
        client.texts(1)
        assert system.call("/push?content=a&channel=orders")[0] == 200
        told = json.loads(client.texts(1)[0])

    (shown,) = system.call("/messages")[1]["messages"]

    assert {**told, "to": ["orders"]} == shown


def test_a_graceful_stop_ends_streams_at_once(system: System) -> None:
    http = system.start_http(STOP_TIMEOUT=60)
    with events(system) as stream:
        assert stream.readline().startswith(b"retry:")

        assert http.stop() == 0

        stream.read()


def test_a_token_opens_all_of_it(system: System) -> None:
    system.start_http(PUSH_TOKENS=f"console:{TOKEN}")
    for path in ("/stats", "/users", "/channels", "/messages"):
        assert system.call(path)[0] == 401
        assert system.call(path, authorization=f"Bearer {TOKEN}")[0] == 200
    with events(system, authorization=f"Bearer {TOKEN}") as stream:
        assert stream.readline().startswith(b"retry:")


def test_without_redis_it_is_said(system: System) -> None:
    system.start_http()
    system.stop_redis()

    wait_until(lambda: not stats(system)["redis"]["ok"], "the outage")
    assert kinds(system) == ["http"]
    assert system.call("/messages")[0] == 503
