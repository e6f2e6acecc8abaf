import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from config.cli.looking import LOOK_FURTHER, READY, TO_DO, Look, View
from tests.support.scripted_api import CUT, Reply, ScriptedApi, answering, refuses

pytestmark = pytest.mark.integration
IS_READY = Reply(200, '{"status":"ready"}')
STATS = Reply(200, json.dumps({"code": 0, "redis": {"ok": False}, "processes": [{"kind": "ws"}]}))


@contextmanager
def looking(http: ScriptedApi, ws: ScriptedApi) -> Iterator[Look]:
    look = Look(http.url, ws.url.replace("http", "ws", 1) + "/", "secret", 5.0)
    yield look
    look.close()


def test_both_servers_are_asked_and_the_token_is_for_one() -> None:
    with answering(IS_READY, STATS) as http, answering(IS_READY) as ws, looking(http, ws) as look:
        view = look.view()
        lines = look.lines(view)

    assert view.is_ready
    assert [asked.path for asked in http.asked] == ["/readyz", "/stats"]
    assert {asked.authorization for asked in http.asked} == {"Bearer secret"}
    assert [(asked.path, asked.authorization) for asked in ws.asked] == [("/readyz", None)]
    assert lines[:4] == [
        f"HTTP API   {http.url}/  ready",
        f"WebSocket  ws{ws.url[4:]}/  ready",
        "Redis      Redis does not answer",
        "",
    ]
    assert lines[5].startswith("ws ")


def test_what_is_not_ready_says_why() -> None:
    not_ready = refuses(503, "not_ready")
    with answering(CUT) as http, answering(not_ready) as ws, looking(http, ws) as look:
        view = look.view()

    assert not view.is_ready
    assert view.http.startswith("no answer: ")
    assert view.ws == "not ready: 503: not_ready: in words: not_ready"
    assert (view.stats, view.why_no_stats) == ({}, "")


def test_why_there_are_no_figures_is_told() -> None:
    replies = [IS_READY, refuses(401, "unauthorized")]
    with answering(*replies) as http, answering(IS_READY) as ws, looking(http, ws) as look:
        view = look.view()
        assert look.lines(view)[2] == (
            "Figures    not told: 401: unauthorized: in words: unauthorized"
        )

    assert view == View(READY, READY, {}, "401: unauthorized: in words: unauthorized")


@pytest.mark.parametrize(
    ("view", "to_do"),
    [
        (View(READY, READY), ""),
        (View("not ready: 503: queue_unavailable", "not ready: 503: not_ready"), LOOK_FURTHER),
        (View(READY, "not ready: 503: not_ready", why_no_stats="503: busy"), LOOK_FURTHER),
        (View(READY, READY, why_no_stats="401: unauthorized"), TO_DO),
        (View("no answer: timed out", "not ready: 503: not_ready"), LOOK_FURTHER),
        (View("no answer: Connection refused", "not ready: 503: not_ready"), TO_DO),
        (View("not ready: 404", READY), TO_DO),
    ],
)
def test_who_answers_is_not_told_to_ask_elsewhere(view: View, to_do: str) -> None:
    assert view.to_do == to_do
