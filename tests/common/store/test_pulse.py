"""What a process says of itself, and when."""

import os
from time import monotonic
from typing import Any

import gevent
import pytest
from gevent.event import Event

from common.errors import QueueUnavailable
from common.store import pulse as module
from common.store.beats import Said, Sample
from common.store.pulse import Pulse, memory_in_use
from tests.support.reads import FakeBeats

GONE = QueueUnavailable("gone")


class Counted:
    """Something that counts."""

    def __init__(self) -> None:
        self.sent = 0

    def counters(self) -> dict[str, int]:
        return {"sent": self.sent}


def make(beats: FakeBeats, counted: Counted) -> Pulse:
    return Pulse(beats, "ws", lambda: {"behind": 3}, counted.counters)


def said(beats: FakeBeats) -> dict[str, Any]:
    (beat,) = beats.whole.beats
    return beat.said


def test_a_process_says_what_it_is() -> None:
    beats = FakeBeats()
    pulse = make(beats, Counted())
    pulse.beat(monotonic() + 10)

    found = said(beats)

    assert (found["kind"], found["pid"], found["behind"]) == ("ws", os.getpid(), 3)
    assert 9.9 < found["uptime"] < 60
    assert found["memory"] > 1_000_000
    assert set(found) >= {"version", "host", "started", "rates"}


def test_a_rate_is_of_the_time_since_the_last_beat() -> None:
    beats, counted = FakeBeats(), Counted()
    pulse = make(beats, counted)
    start = monotonic() + 1
    counted.sent = 1000
    pulse.beat(start)
    counted.sent += 30
    pulse.beat(start + 2)
    assert said(beats)["rates"] == {"sent": 15.0}

    pulse.beat(start + 4)
    assert said(beats)["rates"] == {"sent": 0.0}


def test_an_outage_is_logged_once_and_ends_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    beats = FakeBeats()
    pulse = make(beats, Counted())
    beats.fault = GONE
    for second in range(3):
        pulse.beat(monotonic() + second)
    assert [record.getMessage() for record in caplog.records] == ["Not said for /stats: gone"]

    beats.fault = None
    pulse.beat(monotonic() + 4)

    assert said(beats)["kind"] == "ws"


def test_it_beats_until_the_stop_and_is_gone_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.001)
    beats, beaten = FakeBeats(), Event()

    def counters() -> dict[str, int]:
        if beats.whole.beats:
            beaten.set()
        return {}

    pulse = Pulse(beats, "http", dict, counters)
    running = gevent.spawn(pulse.run)
    assert beaten.wait(60)

    pulse.stop()

    running.join(60)
    assert running.successful()
    assert beats.whole.beats == []


def test_a_stop_without_redis_does_not_fail() -> None:
    beats = FakeBeats()
    pulse = make(beats, Counted())
    beats.fault = GONE

    pulse.stop()


def test_where_the_system_does_not_tell_the_memory_is_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(module, "STATM", tmp_path / "none")

    assert memory_in_use() is None


def test_no_beat_comes_after_the_last_word() -> None:
    """One that was under way at the stop would count for seconds, as of a process that runs."""
    begun, may_end = Event(), Event()

    class Slow(FakeBeats):
        def beat(self, process: str, said: Said) -> Sample:
            begun.set()
            may_end.wait()
            return super().beat(process, said)

    beats = Slow()
    pulse = make(beats, Counted())
    running = gevent.spawn(pulse.run)
    begun.wait()
    stopping = gevent.spawn(pulse.stop)
    gevent.idle()
    may_end.set()
    gevent.joinall([stopping], raise_error=True)
    running.kill()

    assert beats.whole.beats == []
