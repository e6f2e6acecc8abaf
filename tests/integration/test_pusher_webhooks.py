"""Webhooks, as a real backend gets them from real WebSocket servers, of which some are killed."""

import random
import threading
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from config.cli.embedded import EmbeddedValkey
from tests.support.processes import wait_until
from tests.support.pusher_http import ONE, SETTING
from tests.support.system import System
from tests.support.webhook_backend import (
    BREAKS,
    HANGS,
    Backend,
    Event,
    Page,
    check_with_the_library,
    events_in,
    of,
    once,
)
from tests.support.websocket import LIMIT

KILLS, TALKS = 20, 20
FAULTS = [*[204] * 6, 200, 500, 302, HANGS, BREAKS]  # What a backend may do, at random.


def settings(key: str, backend: Backend) -> dict[str, Any]:
    return {
        "PUSHER_APPS": SETTING,
        "PUSHER_WEBHOOKS": f"{ONE[0][0]}:{backend.url}",
        "MESSAGE_CENTER_KEY": key,
        "DELIVERY": "instant",
    }


def test_a_backend_is_told_of_everything_in_order_also_if_the_sender_is_killed(
    valkey: EmbeddedValkey, key: str, tmp_path: Path
) -> None:
    with Backend() as backend, System(tmp_path, valkey.url) as system:
        sender, port = system.start_ws(**settings(key, backend))  # The first has the lease.
        with Page(port) as first:
            first.subscribe("cache-prices")
            backend.wait_for("channel_occupied", "cache_miss")
            _, other = system.start_ws(**settings(key, backend))
            backend.is_slow, got = True, len(backend.got)
            with Page(other) as second:
                second.subscribe("cache-prices")
                with Page(other) as user:
                    user.subscribe("presence-room", "7")
                    user.say("client-typing", {"on": True}, channel="presence-room")
                    assert backend.has_got.wait(LIMIT), sender.output
                    sender.kill_all()
                backend.is_slow = False
                backend.may_answer.set()
                backend.wait_for("member_removed", "channel_vacated")

    # The other one has its listener still.
    assert {each["name"] for each in of("cache-prices", backend.events)} == {
        "channel_occupied",
        "cache_miss",
    }
    # What was not answered comes again.
    first_try, second_try = events_in(backend.got[got]), events_in(backend.got[got + 1])
    assert second_try[: len(first_try)] == first_try
    assert once(of("presence-room", backend.events)) == [
        {"name": "channel_occupied"},
        {"name": "member_added", "user_id": "7"},
        {
            "name": "client_event",
            "event": "client-typing",
            "data": '{"on":true}',
            "socket_id": user.socket_id,
            "user_id": "7",
        },
        {"name": "member_removed", "user_id": "7"},
        {"name": "channel_vacated"},
    ]
    check_with_the_library(backend.got)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_nothing_is_missing_whichever_sender_is_killed_and_whatever_the_backend_does(
    valkey: EmbeddedValkey, key: str, tmp_path: Path
) -> None:
    faults, lock = random.Random(key), threading.Lock()

    def answer() -> int:
        with lock:
            return faults.choice(FAULTS)

    with Backend(answer) as backend, System(tmp_path, valkey.url) as system:
        sender, _ = system.start_ws(**settings(key, backend))
        for number in range(KILLS):
            other, port = system.start_ws(**settings(key, backend))
            with Page(port) as page:
                page.subscribe(f"presence-{number}", "7")
                killed_at = faults.randrange(TALKS)
                for count in range(TALKS):
                    page.say("client-n", count, channel=f"presence-{number}")
                    if count == killed_at:
                        sender.kill_all()
                    sleep(0.11)  # Ten a second are passed on.
            has_all = partial(is_vacated, f"presence-{number}", backend)
            wait_until(has_all, f"all of {number}", 4 * LIMIT)
            sender = other

    for number in range(KILLS):
        for requests in (backend.got, backend.taken):
            told = [each for request in requests for each in events_in(request)]
            assert [summary(each) for each in once(of(f"presence-{number}", told))] == [
                "channel_occupied",
                "member_added",
                *map(str, range(TALKS)),
                "member_removed",
                "channel_vacated",
            ]
    check_with_the_library(backend.got)


def is_vacated(channel: str, backend: Backend) -> bool:
    """Whether it has taken the last that there is to tell."""
    told = [each for request in list(backend.taken) for each in events_in(request)]
    return {"name": "channel_vacated"} in of(channel, told)


def summary(event: Event) -> str:
    return str(event.get("data", event["name"]))
