from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.servers import close, playing

pytestmark = pytest.mark.integration
END = close(4003)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_what_is_asked_for_is_asked_of_the_server(folder: Path, options: list[str]) -> None:
    form = "&format=json" if options else ""
    with playing(END) as server:
        asked = ["--channel", "a", "--channel", "news.*", "--last", "5", "--token", "abc"]
        result = run("listen", server.url + "?x=1", *asked, *options)

    assert result.exit_code == 1
    (target,) = server.targets
    assert set(target.partition("?")[2].split("&")) == set(
        f"x=1&channels=a,news.*&last=5{form}".split("&")
    )
    assert server.authorizations == ["Bearer abc"]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_the_newest_are_asked_for_once(folder: Path, options: list[str]) -> None:
    told = b'{"type":"welcome","id":"1a20bb56d08-0-0","complete":true,"channels":[]}'
    welcome = bytes([0x81, len(told)]) + told
    with playing(welcome + close(1012), END) as server:
        run("listen", server.url, "--last", "5", *options)

    assert ["last=5" in target for target in server.targets] == [True, False]
    assert ("last_id=1a20bb56d08-0-0" in server.targets[1]) == bool(options)


def test_without_a_url_it_is_the_server_of_this_machine(folder: Path) -> None:
    with playing(END) as server:
        result = run("listen", WS_PORT=server.url.rpartition(":")[2].strip("/"))

    assert result.stderr.splitlines()[-1] == "closed: 4003"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ftp://h/"], "ws://host:port/"),
        (["--last", "2000"], "2000"),
        (["--token", "a b"], "a token has printable ASCII"),
        (["--json", "--token", "密"], "a token has printable ASCII"),
    ],
)
def test_what_cannot_be_is_refused_at_once(folder: Path, arguments: list[str], told: str) -> None:
    result = run("listen", *arguments)

    assert result.exit_code == 2
    assert told in result.stderr
