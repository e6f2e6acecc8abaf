"""`message-center doctor` of this machine, with a real Valkey."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.processes import free_port
from tests.support.redis_servers import Server
from tests.support.scripted_api import Reply, answering

pytestmark = pytest.mark.integration


def test_without_problems_the_status_is_0_and_with_one_it_is_1(folder: Path) -> None:
    lines = ("appendonly yes", "maxmemory 100mb", "maxmemory-policy allkeys-lru")
    with closing(Server(folder / "redis", *lines)) as server:
        settings = {
            "REDIS_URL": f"redis://{server.address}/0",
            "HTTP_PORT": str(free_port()),
            "WS_PORT": str(free_port()),
            "MAX_CONNECTIONS": "100",
        }
        bad = run("doctor", **settings)
        server.redis.config_set("maxmemory-policy", "noeviction")
        good = run("doctor", "--json", **settings)

    assert bad.exit_code == 1
    assert "\nproblem  eviction     allkeys-lru: " in bad.stdout
    assert bad.stdout.count("problem ") == 1
    assert good.exit_code == 0
    findings = [json.loads(line) for line in good.stdout.splitlines()]
    assert {each["about"] for each in findings} >= {"settings", "persistence", "rights", "clock"}
    assert "problem" not in {each["level"] for each in findings}


def test_all_bad_settings_are_told_at_once(folder: Path) -> None:
    (folder / ".env").write_text("HTTP_PROT=1\nWS_WORKERS=many\n")

    redis = f"redis://127.0.0.1:{free_port()}/0"
    result = run("doctor", HTTP_PORT="none", POLL_INTERVALL="9", REDIS_URL=redis)

    assert result.exit_code == 1
    assert "note     settings     the environment has POLL_INTERVALL, " in result.stdout
    for name in ("HTTP_PROT", "HTTP_PORT", "WS_WORKERS"):
        assert f"problem  settings     {name}: " in result.stdout
    assert "problem  redis        redis://127.0.0.1:" in result.stdout


def test_without_redis_url_it_looks_at_the_redis_of_the_server_that_runs(folder: Path) -> None:
    with closing(Server(folder / "redis", "appendonly yes")) as redis:
        url = f"redis://{redis.address}/0"
        about = {"code": 0, "redis": {"kind": "server", "password": False, "url": url}}
        with answering(Reply(200, json.dumps(about))) as server:
            done = run("doctor", HTTP_PORT=str(server.server_port), WS_PORT=str(free_port()))

    assert f"ok       redis        {url} answers in " in done.stdout
    assert "REDIS_URL is not set" not in done.stdout
