"""Nothing is lost on the way back: json, Server-Sent Events, resume and gaps, end to end."""

import json
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.events import EventStream
from tests.support.system import KEY, PREFIX, System
from tests.support.websocket import Client, Closed

FAST: dict[str, Any] = {"POLL_INTERVAL": 0.05}


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """For tests that leave it as it is."""
    with System(tmp_path_factory.mktemp("ready")) as system:
        ws, _ = system.start_ws(system.ws_port, **FAST)
        yield system
        assert "Traceback" not in ws.output


def numbered(start: int, end: int) -> list[str]:
    return [f"message {number}" for number in range(start, end)]


def json_client(port: int, last_id: str = "") -> tuple[Client, dict[str, Any]]:
    """A client in json format that has read its welcome."""
    client = Client(port, f"/?format=json&last_id={last_id}")
    return client, json.loads(client.texts(1)[0])


def rows(client: Client, count: int) -> list[dict[str, Any]]:
    return [json.loads(text) for text in client.texts(count)]


def test_a_json_client_resumes_at_another_server_without_loss_or_doubles(ready: System) -> None:
    another, second_port = ready.start_ws(**FAST)
    client, welcome = json_client(ready.ws_port)
    with client:
        assert (welcome["type"], welcome["complete"]) == ("welcome", True)
        ready.redis.lpush(KEY, *numbered(0, 10))
        last = rows(client, 10)[-1]
        assert set(last) == {"id", "channel", "content", "time"}

    ready.redis.lpush(KEY, *numbered(10, 1500))
    again, welcome = json_client(second_port, last["id"])
    with again:
        ready.redis.lpush(KEY, *numbered(1500, 1600))
        found = rows(again, 1590)

    assert (welcome["id"], welcome["complete"]) == (last["id"], True)
    assert [row["content"] for row in found] == numbered(10, 1600)
    assert len({row["id"] for row in found}) == 1590
    another.kill_all()


def test_the_subprotocol_chooses_the_format(ready: System) -> None:
    port = ready.ws_port
    offered = {"sec_websocket_protocol": "chat, message-center.json"}

    with Client(port, headers=offered) as client:
        assert "\r\nSec-WebSocket-Protocol: message-center.json\r\n" in client.head
        assert json.loads(client.texts(1)[0])["type"] == "welcome"


def test_a_client_can_start_with_the_newest_messages(ready: System) -> None:
    port = ready.ws_port
    with Client(port) as early:
        ready.redis.lpush(KEY, *numbered(0, 10))
        early.texts(10)

    with Client(port, "/?last=3") as client:
        ready.redis.lpush(KEY, "live")
        assert client.texts(4) == [PREFIX + text for text in [*numbered(7, 10), "live"]]


@pytest.mark.parametrize("query", ["?format=xml", "?last=many"])
def test_what_cannot_be_asked_for_is_named(ready: System, query: str) -> None:
    port = ready.ws_port

    with Client(port, f"/{query}") as client, EventStream(port, query) as stream:
        assert (client.status, stream.status) == (400, 400)
        assert stream.headers["access-control-allow-origin"] == "*"


def test_a_stream_of_events_says_what_proxies_and_browsers_must_know(ready: System) -> None:
    port = ready.ws_port
    with EventStream(port) as stream:
        ready.redis.lpush(KEY, "two\nlines")

        assert stream.messages(1) == [PREFIX + "two\nlines"]
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["cache-control"] == "no-cache, no-transform"
        assert stream.headers["x-accel-buffering"] == "no"
        assert stream.headers["access-control-allow-origin"] == "*"


def test_an_idle_stream_is_kept_alive_by_comments(system: System) -> None:
    _, port = system.start_ws(PING_INTERVAL=1)
    with EventStream(port) as stream:
        stream.event()
        stream.socket.settimeout(60)
        assert stream.socket.recv(64).startswith(b":")


def test_events_resume_by_the_header_of_event_source_after_a_kill(system: System) -> None:
    ws, port = system.start_ws(**FAST)
    with EventStream(port, "?format=json") as stream:
        system.redis.lpush(KEY, *numbered(0, 5))
        assert [json.loads(row)["content"] for row in stream.messages(5)] == numbered(0, 5)
        ws.kill_all()
        with pytest.raises((EOFError, ConnectionError)):
            stream.event()
    system.redis.lpush(KEY, *numbered(5, 8))
    system.start_ws(port, **FAST)

    with EventStream(port, "?format=json", stream.last_id) as again:
        assert [json.loads(row)["content"] for row in again.messages(3)] == numbered(5, 8)


def test_many_who_come_back_at_once_cost_redis_one_read_a_page(system: System) -> None:
    ws, port = system.start_ws(**FAST)
    client, welcome = json_client(port)
    with client:
        system.redis.lpush(KEY, *numbered(0, 2000))
        rows(client, 2000)
    ws.stop()
    _, port = system.start_ws(**FAST, REDIS_TIMEOUT=25)
    before = reads(system)

    with system.stalled_redis():  # So that all of them wait for it at once.
        clients = [Client(port, f"/?format=json&last_id={welcome['id']}") for _ in range(40)]
    threads = [threading.Thread(target=client.texts, args=[2001]) for client in clients]
    for thread in threads:
        thread.start()
    system.redis.lpush(KEY, "live")
    for client, thread in zip(clients, threads, strict=True):
        thread.join()
        assert json.loads(client.texts(1)[0])["content"] == "live"
        client.socket.close()

    # 16, 64, 256, then 500 at a time; and it looked for the message that they had.
    assert reads(system) - before <= 3 + 2000 / 500 + 2


def reads(system: System) -> int:
    """How often Redis was asked for a page, or whether it has what comes after a message."""
    stats: Any = system.redis.info("commandstats")
    return int(stats.get("cmdstat_eval", {"calls": 0})["calls"])


def test_whoever_resumes_after_a_flushed_redis_is_told_of_the_gap(system: System) -> None:
    _, port = system.start_ws(**FAST)
    live, _ = json_client(port)
    with live:
        system.redis.lpush(KEY, *numbered(0, 5))
        last_id = rows(live, 5)[2]["id"]
        system.redis.flushall()
        system.redis.lpush(KEY, "new")
        gap, new = rows(live, 2)
        assert (gap["type"], new["content"]) == ("gap", "new")

    told_of_a_gap(port, last_id)


def test_whoever_resumes_after_an_older_snapshot_is_told_of_the_gap(system: System) -> None:
    """Both who saw what was lost, and who would otherwise think that nothing came."""
    _, port = system.start_ws(**FAST)
    client, _ = json_client(port)
    system.redis.lpush(KEY, *numbered(0, 5))
    kept = rows(client, 5)[2]["id"]
    snapshot = system.folder / "snapshot"
    system.stop_redis()
    shutil.copytree(system.folder / "valkey", snapshot)
    system.start_redis()
    system.redis.lpush(KEY, *numbered(5, 10))
    lost = rows(client, 5)[-1]["id"]

    system.stop_redis()
    shutil.rmtree(system.folder / "valkey")
    shutil.copytree(snapshot, system.folder / "valkey")
    system.start_redis()
    with client:
        gap = rows(client, 1)[0]

    assert (gap["type"], gap["after"]) == ("gap", lost)
    told_of_a_gap(port, kept)
    told_of_a_gap(port, lost)
    with json_client(port, gap["id"])[0] as again:
        system.redis.lpush(KEY, "new")
        assert rows(again, 1)[0]["content"] == "new"


def test_whoever_was_away_for_too_long_is_told_of_the_gap(system: System) -> None:
    _, port = system.start_ws(**FAST, HISTORY_SIZE=5000)
    client, welcome = json_client(port)
    with client:
        system.redis.lpush(KEY, *numbered(0, 9000))
        rows(client, 9000)

    told_of_a_gap(port, welcome["id"])


def test_whoever_needs_what_went_for_its_bytes_is_told_of_the_gap(system: System) -> None:
    """Others who are there get everything, and who needs only what is kept is told nothing."""
    _, port = system.start_ws(**FAST, HISTORY_BYTES=16 * 1024 * 1024)
    live, _ = json_client(port)
    with live:
        system.redis.lpush(KEY, "small")
        went = rows(live, 1)[0]["id"]
        found = []
        for _ in range(9):
            system.redis.lpush(KEY, *["." * 64 * 1024] * 30)
            found += [row["id"] for row in rows(live, 30)]

    told_of_a_gap(port, went)
    assert system.redis.xlen(f"{{{KEY}}}:log") <= 256
    again, welcome = json_client(port, found[-100])
    with again:
        assert (welcome["complete"], rows(again, 99)[-1]["id"]) == (True, found[-1])


def told_of_a_gap(port: int, last_id: str) -> None:
    """In band in json and events; with the close code 4008 in text."""
    with Client(port, f"/?format=json&last_id={last_id}") as client:
        gap, welcome = rows(client, 2)
    with EventStream(port, last_id=last_id) as stream:
        events = [stream.event(), stream.event()]
    with Client(port, f"/?last_id={last_id}") as text, pytest.raises(Closed) as closed:
        text.texts(1)

    assert welcome["complete"] is False
    assert (gap["type"], gap["after"]) == ("gap", last_id)
    assert [event.name for event in events] == ["gap", "welcome"]
    assert closed.value.code == 4008


def test_a_bare_event_source_survives_a_restart_with_nothing_lost(
    system: System, page: Page
) -> None:
    ws, port = system.start_ws(**FAST)
    system.start_http()
    page.goto(f"http://127.0.0.1:{system.http_port}/healthz")  # A page of another origin.
    page.evaluate(
        """url => {
            window.seen = []; window.opened = 0;
            const source = new EventSource(url);
            source.onopen = () => { window.opened += 1; };
            source.onmessage = event => window.seen.push(event.data);
        }""",
        f"http://127.0.0.1:{port}/events",
    )
    page.wait_for_function("window.opened === 1")
    system.redis.lpush(KEY, *numbered(0, 3))
    page.wait_for_function("window.seen.length === 3")

    ws.kill_all()
    system.redis.lpush(KEY, *numbered(3, 6))
    system.start_ws(port, **FAST)
    page.wait_for_function("window.seen.length >= 6")
    system.redis.lpush(KEY, "live")
    page.wait_for_function("window.seen.length >= 7")

    assert page.evaluate("window.seen") == [PREFIX + text for text in [*numbered(0, 6), "live"]]
