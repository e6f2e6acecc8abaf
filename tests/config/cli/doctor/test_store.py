from collections.abc import Iterator
from typing import Any

import pytest

from common.errors import QueueUnavailable
from common.store.facts import Facts
from config.cli.doctor.finding import Finding
from config.cli.doctor.store import judged, redis_findings
from config.settings import Settings
from tests.support.processes import free_port

GIB = 1024**3
INFO = {
    "redis_version": "7.2.4",
    "role": "master",
    "aof_enabled": "1",
    "maxmemory_policy": "noeviction",
    "maxmemory": str(16 * GIB),
    "used_memory": "1000000",
}


def judge(
    info: dict[str, str] | None = None, settings: dict[str, str] | None = None, **facts: Any
) -> dict[str, Finding]:
    given = {"milliseconds": 0.2, "ahead": 0.1, "info": {**INFO, **(info or {})}, **facts}
    told = Facts(settings=settings or {"appendfsync": "everysec", "save": ""}, **given)
    return {each.about: each for each in judged(told, Settings(), "redis://h:1/0")}


def test_a_good_redis_is_well() -> None:
    assert {each.level for each in judge().values()} == {"ok"}


@pytest.mark.parametrize(
    ("info", "about", "level"),
    [
        ({"redis_version": "6.0.16"}, "version", "problem"),
        ({"redis_version": "6.2.0"}, "version", "ok"),
        ({"role": "slave"}, "role", "problem"),
        ({"aof_enabled": "0"}, "persistence", "problem"),
        ({"aof_last_write_status": "err"}, "persistence", "problem"),
        ({"maxmemory_policy": "allkeys-lru"}, "eviction", "problem"),
        ({"maxmemory_policy": "volatile-ttl"}, "eviction", "problem"),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": "0"}, "eviction", "note"),
        ({"maxmemory": "1000001"}, "memory", "problem"),
        ({"maxmemory": "20000000"}, "memory", "problem"),
        ({"maxmemory": str(GIB)}, "memory", "ok"),  # HISTORY_BYTES bounds the log.
        ({"maxmemory": str(GIB // 4)}, "memory", "note"),
        ({"maxmemory": "0", "total_system_memory": str(GIB // 4)}, "memory", "note"),
    ],
)
def test_what_redis_says_is_judged(info: dict[str, str], about: str, level: str) -> None:
    found = judge(info)

    assert found[about].level == level
    assert (level == "ok") == (found[about].do == "")
    assert {each.level for name, each in found.items() if name != about} == {"ok"}


@pytest.mark.parametrize(
    ("info", "settings", "level", "told"),
    [
        ({}, {"appendfsync": "always"}, "ok", "neither"),
        ({}, {"appendfsync": "no"}, "note", "30 seconds"),
        ({"aof_enabled": "0"}, {"save": "900 1"}, "note", "snapshots only"),
        (
            {"aof_enabled": "0", "rdb_last_bgsave_status": "err"},
            {"save": "900 1"},
            "problem",
            "failed",
        ),
        ({"aof_enabled": "0"}, {"appendfsync": "everysec"}, "note", "may not ask"),
    ],
)
def test_what_a_crash_loses_is_told(
    info: dict[str, str], settings: dict[str, str], level: str, told: str
) -> None:
    finding = judge(info, settings)["persistence"]

    assert finding.level == level
    assert told in finding.found


def test_a_redis_that_is_far_or_of_another_time_is_a_note() -> None:
    found = judge(milliseconds=12.0, ahead=-30.0)

    assert (found["redis"].level, found["clock"].level) == ("note", "note")
    assert "30.0 s behind" in found["clock"].found


def test_a_redis_that_says_nothing_is_a_note() -> None:
    told = Facts(milliseconds=1.0)

    levels = [each.level for each in judged(told, Settings(), "redis://h:1/0")]

    assert levels == ["ok", "note", "note"]


def test_a_redis_that_is_not_there_is_a_problem_unless_serve_brings_one() -> None:
    settings = Settings(redis_url=f"redis://me:secret@127.0.0.1:{free_port()}/0")

    (away,) = redis_findings(settings, embedded=False)
    (own,) = redis_findings(settings, embedded=True)

    assert (away.level, own.level) == ("problem", "note")
    assert "secret" not in away.line()


def test_a_redis_that_goes_away_meanwhile_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> Iterator[Finding]:
        raise QueueUnavailable("connection lost")

    monkeypatch.setattr("config.cli.doctor.store.ask_facts", lambda *_: Facts(milliseconds=1.0))
    monkeypatch.setattr("config.cli.doctor.store.rights_findings", lost)

    *_, last = redis_findings(Settings(), embedded=False)

    assert last.level == "problem"
    assert last.found.endswith("does not answer: connection lost")
