import pytest

from config.cli.doctor.route import Target
from config.cli.doctor.silence import silence_findings
from tests.support.servers import close, playing, refusal

pytestmark = pytest.mark.integration


def test_silence_that_is_survived_is_well_and_told_as_it_passes() -> None:
    passed: list[float] = []
    with playing(b"\x89\x00") as player:
        (finding,) = silence_findings(Target.parse(player.url), {}, 0.1, passed.append)

    assert finding.level == "ok"
    assert finding.found == "0.1 s survived, with 1 pings of the server"
    assert passed[-1] >= 0.1
    assert player.heard[0][:2] == b"\x8a\x80"  # It is answered, and then the client closes.


@pytest.mark.parametrize("end", [close(1001), refusal(429), b""])
def test_a_connection_that_ends_is_a_problem(end: bytes) -> None:
    with playing(end) as player:
        (finding,) = silence_findings(Target.parse(player.url), {}, 5, lambda _: None)

    assert finding.level == "problem"
    assert finding.do
