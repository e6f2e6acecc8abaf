import pytest

from config.cli.doctor.finding import Finding
from config.cli.doctor.route import Broken, Target
from config.cli.doctor.upgrade import judged, origin_findings, upgrade_findings
from config.cli.doctor.websocket import Answer
from tests.support.servers import close, playing, refusal, told

WELCOME = b'\x81\x12{"type":"welcome"}'
PONG = b"\x8a\x00"


def answer(status: int, body: str = "", *, is_accepted: bool = False) -> Answer:
    return Answer(status, {"server": "nginx"}, body.encode(), is_accepted)


@pytest.mark.parametrize(
    ("status", "body", "told", "do"),
    [
        (101, "", "answers by itself", "lead the path"),
        (426, '{"error":"upgrade_required"}', "not passed on", "Upgrade $http_upgrade"),
        (400, "<html>", "not passed on", "docs/proxy"),
        (400, '{"error":"wrong_port"}', "wrong_port", "WS_PORT"),
        (200, "<html>", "something else answers: 200 by nginx", "port of message-center ws"),
        (302, "", "something else answers", "port of message-center ws"),
        (401, '{"error":"unauthorized"}', "the server refuses: 401", "--token"),
        (403, '{"error":"origin_forbidden"}', "the server refuses", "--origin"),
        (502, "<html>", "refused on the way: 502 by nginx", "start message-center ws"),
        (418, "", "refused on the way", "log"),
    ],
)
def test_what_a_proxy_answers_is_said_in_words(status: int, body: str, told: str, do: str) -> None:
    finding = judged(answer(status, body))

    assert finding.level == "problem"
    assert told in finding.found
    assert do in finding.do


def look(url: str) -> tuple[list[Finding], bool]:
    found = []
    try:
        for finding in upgrade_findings(Target.parse(url), {}):
            found.append(finding)
    except Broken:
        return found, True
    return found, False


@pytest.mark.integration
def test_a_server_that_answers_is_well() -> None:
    with playing(WELCOME + PONG) as player:
        found, is_broken = look(player.url)

    assert [(each.about, each.level) for each in found] == [
        ("upgrade", "ok"),
        ("server", "ok"),
        ("ping", "ok"),
    ]
    assert not is_broken


@pytest.mark.integration
def test_another_websocket_server_is_told_from_ours() -> None:
    with playing(b"\x81\x02hi" + PONG) as player:
        found, _ = look(player.url)

    assert [each.level for each in found] == ["ok", "problem", "ok"]


@pytest.mark.integration
@pytest.mark.parametrize("end", [b"", close(1013, "later"), refusal(503)])
def test_a_connection_that_ends_leaves_nothing_to_look_at(end: bytes) -> None:
    with playing(end) as player:
        found, is_broken = look(player.url)

    assert is_broken
    assert found[-1].level == "problem"


@pytest.mark.integration
@pytest.mark.parametrize(
    ("reply", "level"),
    [
        (WELCOME, "note"),
        (told(403, "origin_forbidden", "no"), "ok"),
        (told(401, "unauthorized", "no"), "note"),
        (b"", "problem"),
    ],
)
def test_pages_of_other_sites_should_be_refused(reply: bytes, level: str) -> None:
    with playing(reply) as player:
        (finding,) = origin_findings(Target.parse(player.url), None)

    assert finding.level == level
