"""The programs in examples/: each is run as its table says, against real processes.

What they push is read back, and those that listen are cut while messages come.
"""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from common.store.keys import Keys
from config.cli.embedded import EmbeddedValkey
from tests.support.example_programs import LISTENING, Running, listening, rows, run, runs_here
from tests.support.processes import ROOT, free_port
from tests.support.scripted_api import CUT, Reply, answering, refuses
from tests.support.stage import SECRET, Stage
from tests.support.system import KEY, System

TOKEN = "0123456789abcdef-backend"
TOKENS = {"PUSH_TOKENS": f"backend:{TOKEN}", "SUBSCRIBE_SECRET": SECRET}
OVER_HTTP = {
    "go/push/main.go": "Go",
    "java/Push.java": "Java",
    "node/push.mjs": "Node",
    "php/curl.php": "PHP",
    "python/push.py": "Python",
}
OVER_REDIS = {"php/phpredis.php": "phpredis", "php/predis.php": "predis"}

Pushed = list[tuple[str, list[str]]]


def pushed_by(name: str) -> Pushed:
    """What each of them pushes, and to whom."""
    return [
        (f"hello from {name}", []),
        ("order 1024 is paid", ["orders"]),
        ("your parcel is here", ["user:42"]),
        ("first", []),
        ("second", ["orders"]),
    ]


ONCE = ("order 1024 is shipped", ["orders"])  # It is pushed twice, under this id:
ID = "order-1024-shipped"


class Servers:
    """Both, which want tokens."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.stage = Stage(system, TOKENS)
        self.url = f"http://127.0.0.1:{system.http_port}"

    def forget_the_id(self) -> None:
        """Under which another example has pushed."""
        with redis.Redis.from_url(self.system.redis_url) as client:
            client.delete(Keys(KEY).once(ID))

    def newest(self, count: int) -> Pushed:
        """What was pushed."""
        path = f"/messages?last={count}"
        _, answer = self.system.call(path, Authorization=f"Bearer {TOKEN}")
        return [(each["content"], each["to"]) for each in answer["messages"]]


@pytest.fixture(scope="module")
def servers(valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with System(tmp_path_factory.mktemp("programs"), valkey.url) as system:
        yield Servers(system)


def test_the_table_names_each_program_that_is_run_here() -> None:
    assert {*OVER_HTTP, *OVER_REDIS, *LISTENING} <= set(rows())
    assert [file for file in rows() if not (ROOT / "examples" / file).is_file()] == []


def heard_and_said(
    file: str, count: int, servers: Servers, **told: object
) -> tuple[str, list[str]]:
    """What the example prints, and the contents that user 42 gets from `orders`."""
    token = servers.stage.token(sub="42", channels=["orders"])
    with servers.stage.listener("/?format=json&channels=orders", token) as client:
        client.texts(1)  # The welcome.
        ran = run(file, **told)
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout, [json.loads(text)["content"] for text in client.texts(count)]


@pytest.mark.parametrize("file", OVER_HTTP)
def test_what_an_example_pushes_arrives_once(file: str, servers: Servers) -> None:
    servers.forget_the_id()
    wanted = [*pushed_by(OVER_HTTP[file]), ONCE]
    told = {"MESSAGE_CENTER_URL": servers.url, "MESSAGE_CENTER_TOKEN": TOKEN}

    said, heard = heard_and_said(file, len(wanted), servers, **told)

    assert said == "pushed\n"
    assert heard == [content for content, _ in wanted]
    assert servers.newest(len(wanted)) == wanted


@pytest.mark.parametrize("file", OVER_HTTP)
def test_an_example_says_why_it_is_refused(file: str, servers: Servers) -> None:
    ran = run(file, MESSAGE_CENTER_URL=servers.url)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.search("refused.*401.*unauthorized.*a token is needed", ran.stderr)


@pytest.mark.parametrize("file", OVER_HTTP)
def test_an_example_tries_again_under_the_same_id_and_not_before_it_is_told(file: str) -> None:
    later = refuses(503, "queue_unavailable", ("Retry-After", "1"))
    with answering(CUT, later, Reply()) as server:
        ran = run(file, MESSAGE_CENTER_URL=server.url)
        asked = server.asked

    assert (ran.returncode, ran.stdout) == (0, "pushed\n")
    assert [each.path for each in asked] == ["/push"] * 5 + ["/push/batch"] + ["/push"] * 2
    assert asked[0].body == asked[1].body == asked[2].body
    assert asked[2].at - asked[1].at >= 1.0
    bodies = [asked[0].body, asked[3].body, asked[4].body, *asked[5].body, asked[6].body]
    assert len({each["id"] for each in bodies}) == len(bodies)
    assert asked[6].body == asked[7].body


@pytest.mark.parametrize("file", OVER_REDIS)
def test_what_an_example_pushes_to_the_list_arrives(file: str, servers: Servers) -> None:
    wanted = pushed_by(OVER_REDIS[file])

    said, heard = heard_and_said(
        file, len(wanted), servers, REDIS_URL=servers.system.redis_url, MESSAGE_CENTER_KEY=KEY
    )

    assert said == "pushed\n"
    assert heard == [content for content, _ in wanted]
    assert servers.newest(len(wanted)) == wanted


@pytest.mark.parametrize("file", OVER_REDIS)
def test_an_example_says_that_there_is_no_redis(file: str) -> None:
    ran = run(file, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")

    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.search("not pushed: .*refused", ran.stderr)


def test_examples_that_listen_miss_nothing_while_the_server_is_away(
    valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    here = [file for file in LISTENING if runs_here(file)]
    with System(tmp_path, valkey.url) as system, ExitStack() as stack:
        system.start_http()
        ws, port = system.start_ws(DELIVERY="instant", SUBSCRIBE_SECRET=SECRET)
        system.push("before")
        token = Stage.token(channels=["orders"])
        programs = {
            file: stack.enter_context(Running(file, **listening(port, token))) for file in here
        }
        seen = {file: program.lines_upto("before") for file, program in programs.items()}
        ws.kill_all()
        system.push("meanwhile")
        system.start_ws(port, DELIVERY="instant", SUBSCRIBE_SECRET=SECRET)
        system.push("after")
        for file, program in programs.items():
            seen[file] += program.lines_upto("after")

    words = re.compile(r"\b(before|meanwhile|after)\b")
    assert {file: words.findall("\n".join(lines)) for file, lines in seen.items()} == {
        file: ["before", "meanwhile", "after"] for file in here
    }, seen


@pytest.mark.parametrize("file", LISTENING)
def test_an_example_that_may_not_listen_says_so_and_ends(file: str, servers: Servers) -> None:
    ran = run(file, **listening(servers.stage.ws_port))

    assert ran.returncode == 1
    assert re.search("refused: 401.*a token is needed to listen", ran.stdout + ran.stderr)
