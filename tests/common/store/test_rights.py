"""What a user may do is found out, by each of the three ways, and nothing is written."""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from common.errors import QueueUnavailable
from common.store.rights import PROCESSES, TRIES, Rights, acl_line
from tests.support.processes import ROOT, free_port
from tests.support.redis_servers import Server

pytestmark = pytest.mark.integration
KEY = "message_center"
LINES = dict(
    re.findall(
        r"^(ACL SETUSER message-center-(?:http|ws)) (on .*)$",
        (ROOT / "docs/security.md").read_text("utf-8"),
        re.MULTILINE,
    )
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with closing(Server(tmp_path_factory.mktemp("rights") / "redis")) as server:
        yield server


def rights(server: Server, line: str) -> Rights:
    """Those of the user whom this line makes."""
    server.redis.execute_command(*line.split())
    return Rights(f"redis://{line.split()[2]}:PASSWORD@{server.address}/0", 5.0, KEY)


@pytest.mark.parametrize("process", PROCESSES)
def test_the_document_has_the_same_rights(process: str) -> None:
    line = acl_line(f"message-center-{process}", KEY, PROCESSES[process])
    head, _, rest = line.partition(" on ")

    assert sorted(f"on {rest}".split()) == sorted(LINES[head].split())


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("", "no right to other keys"),
        (" +acl", "a dry run"),
        (" resetkeys ~* &*", "a transaction"),
    ],
)
def test_what_is_missing_is_named(server: Server, more: str, why: str) -> None:
    whole = acl_line("them", KEY, list(TRIES)) + more
    for line in (whole, f"{whole} -xadd -hset"):
        server.redis.execute_command("ACL", "DELUSER", "them")
        with closing(rights(server, line)) as found:
            expected = {} if line == whole else {"http": ["hset"], "ws": ["hset", "xadd"]}
            assert found.missing() == expected, why
            assert found.foreign_keys() == []
    assert server.redis.keys() == []


def test_keys_of_others_are_named(server: Server) -> None:
    line = acl_line("foreign", "another", PROCESSES["http"])
    with closing(rights(server, line)) as found:
        assert found.foreign_keys() == [KEY, f"{{{KEY}}}:log"]


def test_whoever_may_do_nothing_is_told_so(server: Server) -> None:
    with closing(rights(server, "ACL SETUSER nobody on >PASSWORD ~*")) as found:
        least = ["llen", "get", "exists"]
        assert found.missing() == {"http": least, "ws": least}


def test_a_redis_that_is_not_there_is_said() -> None:
    with pytest.raises(QueueUnavailable):
        Rights(f"redis://127.0.0.1:{free_port()}/0", 1.0, KEY)


def test_another_database_needs_one_right_more() -> None:
    assert acl_line("me", "k", ["get"], 3) == "ACL SETUSER me on >PASSWORD ~k ~{k}:* +get +select"
