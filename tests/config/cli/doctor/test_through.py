import pytest

from config.cli.doctor.route import Target
from config.cli.doctor.through import Pushing, through_findings
from tests.support.processes import free_port
from tests.support.scripted_api import Reply, answering, refuses
from tests.support.servers import close, playing, told

pytestmark = pytest.mark.integration


def push(player: str, server: int, token: str | None = None) -> tuple[str, str, str]:
    pushing = Pushing(f"http://127.0.0.1:{server}", token)
    (finding,) = through_findings(Target.parse(player), {}, pushing)
    return finding.level, finding.found, finding.do


def test_without_an_address_nothing_is_pushed() -> None:
    (finding,) = through_findings(Target.parse(f"ws://127.0.0.1:{free_port()}/"), {}, None)

    assert finding.level == "note"


@pytest.mark.parametrize(
    ("reply", "do"),
    [(refuses(401, "unauthorized"), "--push-token"), (Reply(404, "<html>"), "--push-url")],
)
def test_a_push_that_is_refused_is_a_problem(reply: Reply, do: str) -> None:
    with playing(b"\x81\x02hi") as player, answering(reply) as server:
        level, found, advice = push(player.url, server.server_port, "mine")

    assert level == "problem"
    assert "the push is refused" in found
    assert do in advice
    assert server.asked[0].authorization == "Bearer mine"
    assert server.asked[0].body["channels"][0].startswith("doctor:")


def test_who_may_not_listen_to_the_channel_does_not_push() -> None:
    with playing(told(403, "forbidden", "no")) as player, answering() as server:
        level, found, _ = push(player.url, server.server_port)

    assert level == "note"
    assert "403" in found
    assert server.asked == []


def test_a_message_that_does_not_arrive_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.cli.doctor.through.PATIENCE", 0.1)
    with playing(b"\x81\x02hi") as player, answering() as server:
        level, found, do = push(player.url, server.server_port)

    assert level == "problem"
    assert "has not arrived" in found
    assert "REDIS_URL" in do


def test_a_connection_that_ends_is_a_problem() -> None:
    with playing(close(1001)) as player, answering() as server:
        assert push(player.url, server.server_port)[0] == "problem"
