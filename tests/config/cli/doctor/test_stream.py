import pytest

from config.cli.doctor.route import Target
from config.cli.doctor.stream import stream_findings
from tests.support.scripted_api import CUT, Reply, answering, refuses

pytestmark = pytest.mark.integration
STREAM = ("Content-Type", "text/event-stream; charset=utf-8")
WELCOME = "retry: 900\nid: e-1-1\nevent: welcome\ndata: {}\n\n"


@pytest.mark.parametrize(
    ("reply", "level", "told"),
    [
        (Reply(200, WELCOME, (STREAM,)), "ok", "not buffered"),
        (Reply(200, "retry: 900\n: no room\n\n", (STREAM,)), "note", "no room"),
        (Reply(200, "retry: 900\n\n", (STREAM,)), "problem", "without a welcome"),
        (
            Reply(200, WELCOME, (STREAM, ("Content-Encoding", "gzip"))),
            "problem",
            "compressed on the way (gzip)",
        ),
        (Reply(200, "<html>", (("Content-Type", "text/html"),)), "problem", "something else"),
        (refuses(401, "unauthorized"), "note", "refused: 401"),
        (Reply(404, "<html>"), "problem", "refused: 404"),
        (CUT, "problem", "/ws/events fails"),
    ],
)
def test_what_answers_is_judged(reply: Reply, level: str, told: str) -> None:
    with answering(reply) as server:
        target = Target.parse(f"ws://127.0.0.1:{server.server_port}/ws?token=x")
        (finding,) = stream_findings(target, {})

    assert finding.level == level
    assert told in finding.found
    assert server.asked[0].path == "/ws/events?token=x"


def test_what_is_held_back_is_buffered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.cli.doctor.stream.SOON", -1.0)
    with answering(Reply(200, WELCOME, (STREAM,))) as server:
        (finding,) = stream_findings(Target.parse(f"ws://127.0.0.1:{server.server_port}/"), {})

    assert finding.level == "problem"
    assert "buffered" in finding.found
