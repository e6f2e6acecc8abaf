from collections.abc import Iterator
from contextlib import closing

import pytest

from common.store.rights import PROCESSES, TRIES, acl_line
from config.cli.doctor.finding import Finding
from config.cli.doctor.rights import rights_findings
from config.settings import Settings
from tests.support.redis_servers import Server

pytestmark = pytest.mark.integration
KEY = "message_center"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with closing(Server(tmp_path_factory.mktemp("doctor") / "redis")) as server:
        yield server


def found(server: Server, line: str) -> list[Finding]:
    server.redis.execute_command(*line.split())
    url = f"redis://{line.split()[2]}:PASSWORD@{server.address}/0"
    return list(rights_findings(Settings(redis_url=url)))


def test_the_line_that_is_printed_gives_what_is_missing(server: Server) -> None:
    line = acl_line("me", KEY, list(TRIES))

    (before,) = found(server, f"{line} -xadd")
    (after,) = found(server, before.do)

    assert before.level == "problem"
    assert before.found.endswith("`message-center ws` needs: xadd")
    assert (after.level, after.do) == ("ok", "")


def test_a_user_of_one_process_is_well_and_the_other_one_is_a_note(server: Server) -> None:
    (http,) = found(server, acl_line("http", KEY, PROCESSES["http"]))
    (ws,) = found(server, acl_line("ws", KEY, PROCESSES["ws"]))

    assert (http.level, ws.level) == ("note", "note")
    assert "`message-center ws` needs: " in http.found
    assert "`message-center http` needs: " in ws.found


def test_keys_of_another_message_center_are_a_problem(server: Server) -> None:
    first, *_ = found(server, acl_line("other", "another", list(TRIES)))
    (after,) = found(server, first.do)

    assert first.level == "problem"
    assert first.found == "other may not touch message_center and {message_center}:log"
    assert after.level == "ok"


def test_an_old_redis_is_given_no_right_on_a_subcommand(server: Server) -> None:
    line = acl_line("old", KEY, list(TRIES)) + " -xinfo|stream"
    server.redis.execute_command(*line.split())
    url = f"redis://old:PASSWORD@{server.address}/0"

    finding, *_ = rights_findings(Settings(redis_url=url), (6, 2, 1))

    assert finding.do == "ACL SETUSER old +xinfo"


def test_who_may_not_find_out_gets_the_line(server: Server) -> None:
    (finding,) = found(server, "ACL SETUSER blind on >PASSWORD ~* +exists")

    assert finding.level == "note"
    assert "ACL SETUSER blind on" in finding.do
