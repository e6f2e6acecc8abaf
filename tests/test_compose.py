"""docker-compose.yml passes on what it should, publishes what it should, and pulls what there is.

It is read, not run.
"""

import re

from common.serving.server import longest_stop
from config.anonymous import refuse_anonymous_push
from config.settings import Settings, describe
from tests.support.processes import ROOT

COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")


def test_compose_asks_for_nothing_and_gives_tokens_to_the_http_api_alone() -> None:
    """A `${NAME:?}` anywhere stops `ps`, `logs` and `down`, too."""
    http = COMPOSE[COMPOSE.index("\n  http:") : COMPOSE.index("\n  ws:")]

    assert re.findall(r"\$\{\w+:?\?", COMPOSE) == []
    assert COMPOSE.count("PUSH_TOKENS:") == 1
    assert "\n      PUSH_TOKENS:\n" in http


def test_compose_passes_on_every_setting_but_those_that_it_chooses() -> None:
    passed = set(re.findall(r"^ +([A-Z_]+):", COMPOSE, re.MULTILINE))
    chosen = {"HTTP_HOST", "HTTP_PORT", "WS_HOST", "DATA_DIR", "EMBEDDED_REDIS_PORT"}

    assert {each.name for each in describe()} - passed == chosen | {"ALLOW_ANONYMOUS_PUSH"}


def test_compose_builds_what_it_does_not_pull() -> None:
    """A name of ours would be looked for in a registry by `up` on a fresh clone."""
    process = COMPOSE[COMPOSE.index("\nx-process:") : COMPOSE.index("\nservices:")]

    assert "\n  build: .\n" in process
    assert re.findall(r"^ +image: (.+)", COMPOSE, re.MULTILINE) == ["redis:7-alpine"]


def test_compose_tells_the_process_where_its_port_is_published() -> None:
    told = re.findall(r'^ +HTTP_PUBLISH: "(.+)"$', COMPOSE, re.MULTILINE)
    published = re.findall(r'^ +- "(.+):\$\{HTTP_PORT:-2346\}:2346"$', COMPOSE, re.MULTILINE)

    assert told == published == ["${HTTP_PUBLISH:-127.0.0.1}"]
    refuse_anonymous_push(Settings(http_host="0.0.0.0", http_publish="127.0.0.1"))


def test_compose_waits_as_long_as_a_stop_may_take() -> None:
    (seconds,) = re.findall(r"^  stop_grace_period: (\d+)s$", COMPOSE, re.MULTILINE)

    assert int(seconds) > longest_stop(Settings(drain_seconds=30.0))
