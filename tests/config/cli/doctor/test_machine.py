import json
import resource
import socket

import pytest

from config.cli.doctor.machine import backlog, files, port, redis_in_use
from config.settings import Settings
from tests.support.scripted_api import CUT, Reply, answering, refuses

NONE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("hard", "level"), [(16_640, "ok"), (16_639, "problem"), (1024, "problem"), (NONE, "ok")]
)
def test_open_files_must_do_for_all_connections(hard: int, level: str) -> None:
    finding = files(16_000, hard)

    assert finding.level == level
    assert "16640" in (finding.do if level == "problem" else finding.found)


def test_a_short_queue_of_connections_is_a_note() -> None:
    assert [each.level for each in backlog(128)] == ["note"]
    assert [each.level for each in backlog(4096)] == ["ok"]
    assert list(backlog(None)) == []


def test_a_free_port_is_well() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]

    assert port("HTTP", "127.0.0.1", number).level == "ok"


@pytest.mark.parametrize(
    ("reply", "level", "told"),
    [
        (Reply(200, '{"code":0,"status":"ready"}'), "ok", "ours, and ready"),
        (refuses(503, "queue_unavailable"), "problem", "ours, and not ready"),
        (Reply(404, "<html>"), "problem", "another program (404)"),
        (Reply(200, '{"up":1}'), "problem", "another program"),
    ],
)
def test_who_has_the_port_is_told(reply: Reply, level: str, told: str) -> None:
    with answering(reply) as server:
        finding = port("WS", "127.0.0.1", server.server_port)

    assert finding.level == level
    assert told in finding.found
    assert (level == "ok") == (finding.do == "")


IS_ALIVE = Reply(200, '{"status":"ok"}')


@pytest.mark.parametrize(
    ("health", "whose", "do"),
    [(IS_ALIVE, "is ours", "look at Redis"), (CUT, "is taken", "stop what uses it")],
)
def test_what_does_not_say_in_time_whether_it_is_ready_may_be_ours_all_the_same(
    health: Reply, whose: str, do: str
) -> None:
    with answering(CUT, health) as server:
        finding = port("HTTP", "127.0.0.1", server.server_port)

    assert finding.level == "problem"
    assert f"{whose}, and does not answer /readyz: " in finding.found
    assert do in finding.do


def test_an_address_of_another_machine_is_a_problem() -> None:
    finding = port("HTTP", "192.0.2.1", 2346)

    assert finding.level == "problem"
    assert "HTTP_HOST" in finding.do


def test_a_port_of_the_system_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "config.cli.doctor.machine.address_problem",
        lambda host, number: PermissionError(13, "Permission denied"),
    )

    assert "below 1024" in port("HTTP", "127.0.0.1", 80).do


@pytest.mark.parametrize(
    ("redis", "found"),
    [
        ({"kind": "server", "password": False, "url": "redis://127.0.0.1:7/0"}, True),
        ({"kind": "server", "password": True, "url": "redis://127.0.0.1:7/0"}, False),
        ({"kind": "cluster", "password": False, "url": "redis+cluster://127.0.0.1:7"}, False),
        (None, False),
    ],
)
def test_the_redis_of_what_runs_here_is_known(redis: object, found: bool) -> None:
    with answering(Reply(200, json.dumps({"code": 0, "redis": redis}))) as server:
        url = redis_in_use(Settings(http_port=server.server_port), None)

    assert url == ("redis://127.0.0.1:7/0" if found else None)


def test_the_redis_of_who_asks_for_another_token_is_not_known() -> None:
    with answering(refuses(401, "unauthorized")) as server:
        assert redis_in_use(Settings(http_port=server.server_port), None) is None
