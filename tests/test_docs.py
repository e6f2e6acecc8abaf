"""The documents say what the code does: settings, error codes, close codes, dependencies.

The code is read, not run; only the example Worker is loaded. The examples are run by
`tests.integration.test_examples`; here it is seen that none is left out.
"""

import getpass
import os
import re
import shutil
import subprocess
import sys
import tomllib
from configparser import RawConfigParser
from pathlib import Path

import pytest

from common.serving.server import longest_stop
from common.store.log import SETTLE_MESSAGES
from config.settings import Settings
from tests.support.examples import (
    CHINESE_PAGES,
    FENCE,
    NOT_RUN,
    PAGES,
    RUN_BY_A_TEST_OF_ITS_OWN,
    Example,
    find_examples,
)
from ws_server.door.handshake import EVENTS_HEADERS
from ws_server.door.listen import TOKEN_PROTOCOL
from ws_server.door.policy import OPEN, Policy
from ws_server.door.tokens import LEEWAY
from ws_server.named_class import load_worker_class
from ws_server.relay.relay import MOST_UNREAD
from ws_server.worker import Worker

ROOT = Path(__file__).parents[1]
PACKAGES = ("common", "config", "http_api", "ws_server")

OBVIOUS = {"flask", "flask-sock", "redis", "gunicorn", "python-dotenv", "pytest", "fakeredis"}


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def rows(name: str) -> list[list[str]]:
    """The cells of every table row of a document."""
    lines = text(name).splitlines()
    return [line[1:-1].strip().split(" | ") for line in lines if line.startswith("| ")]


def names_of_tests() -> set[str]:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return set(re.findall(r"def (test_\w+)", sources))


def test_what_proxies_are_told_is_documented() -> None:
    listed = Policy(origins=frozenset(["https://a.example"])).sharing(None)
    told = {**EVENTS_HEADERS, **OPEN.sharing(None), **listed}.items()
    written = [f"`{name}: {value}`" for name, value in told if name != "Content-Type"]

    assert len(written) == 4
    assert all(header in text("docs/deploy.md") for header in written)


def test_what_a_token_says_and_where_it_is_given_is_documented() -> None:
    page = "docs/listen.md"
    claims = set(re.findall(r'claims(?:\.get\(|\[)"(\w+)"', text("ws_server/door/tokens.py")))
    named = {name for cells in rows(page) for name in re.findall(r"`(\w+)`", cells[0])}

    assert claims == {"sub", "channels", "exp", "iat", "jti"}
    assert claims <= named
    assert f"`{TOKEN_PROTOCOL}" in text(page)
    assert re.search(rf"\b{LEEWAY} seconds", text(page))


def test_the_bounds_of_settling_are_documented() -> None:
    page = text("docs/reliability.md")

    assert f"`MOST_UNREAD` ({MOST_UNREAD})" in page
    assert f"hold {MOST_UNREAD + SETTLE_MESSAGES} for each" in page


@pytest.mark.parametrize("page", ["docs/reliability.md", "docs/security.md"])
def test_the_tests_that_are_named_exist(page: str) -> None:
    named = set(re.findall(r"`(test_\w+)`", text(page)))

    assert named
    assert named <= names_of_tests()


def test_every_threat_has_a_test() -> None:
    threats = [cells for cells in rows("docs/security.md") if cells[0] != "Threat"]

    assert threats
    assert [cells[0] for cells in threats if "`test_" not in cells[-1]] == []


def test_every_further_dependency_has_a_reason() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in wanted}
    _, _, reasons = text("CHANGELOG.md").partition("### Dependencies")

    assert names - OBVIOUS <= set(re.findall(r"^- ([\w-]+)", reasons, re.MULTILINE))


def heading_anchors(page: str) -> set[str]:
    """The names that the headings of a page have in links."""
    prose = FENCE.sub("", text(page))
    headings = re.findall(r"^#+ (.+)", prose, re.MULTILINE)
    plain = (re.sub(r"[^\w -]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", [*PAGES, *CHINESE_PAGES])
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", FENCE.sub("", text(page)))
    inside = [(link or Path(page).name, anchor) for link, anchor in links if ":" not in link]
    targets = [((ROOT / page).parent / link, anchor) for link, anchor in inside]

    assert {path.name for path, _ in targets if not path.exists()} == set()
    assert [
        f"{path}#{anchor}"
        for path, anchor in targets
        if anchor and anchor not in heading_anchors(os.path.relpath(path, ROOT))
    ] == []


@pytest.mark.parametrize("page", [*PAGES, *CHINESE_PAGES])
def test_files_that_are_named_exist(page: str) -> None:
    named = set(re.findall(r"`([\w.-]+/[\w./-]+\.(?:py|lua|svg|toml))`", text(page)))

    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_what_is_named_in_a_file_is_there(page: str) -> None:
    """As in: (`common/store/settle.lua`, `is_lost`)."""
    after = re.findall(r"\(`([\w./]+\.(?:py|lua))`, `(\w+)`\)", text(page))
    before = re.findall(r"`(\w+)` in `([\w./]+\.(?:py|lua))`", text(page))
    pairs = [*after, *((path, name) for name, path in before)]

    assert [pair for pair in pairs if not re.search(rf"\b{pair[1]}\b", text(pair[0]))] == []


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_is_short(readme: str) -> None:
    lines = text(readme).splitlines()

    assert len(lines) <= 150
    assert max(map(len, lines)) <= 130


@pytest.mark.parametrize("page", [name.removesuffix(".zh-CN.md") for name in CHINESE_PAGES])
def test_the_chinese_page_shows_the_same_examples(page: str) -> None:
    """The English ones are run."""
    english, chinese = (
        [
            (block[1], re.sub(r" // .*", "", block[2]))
            for block in FENCE.finditer(text(name))
            if "──" not in block[2]  # The drawing has words in it.
        ]
        for name in (f"{page}.md", f"{page}.zh-CN.md")
    )

    assert chinese == english


@pytest.mark.parametrize("example", list(find_examples()), ids=str)
def test_an_example_is_run_by_a_test_or_listed_with_a_reason(example: Example) -> None:
    listed = example.named_in({**RUN_BY_A_TEST_OF_ITS_OWN, **NOT_RUN})

    assert example.is_run != bool(listed), f"say how it is run: {example}\n{example.code}"


def test_the_lists_of_examples_have_nothing_stale() -> None:
    lists = {**RUN_BY_A_TEST_OF_ITS_OWN, **NOT_RUN}
    named = {name for example in find_examples() for name in example.named_in(lists)}

    assert named == set(lists)
    assert set(RUN_BY_A_TEST_OF_ITS_OWN.values()) <= names_of_tests()


@pytest.mark.parametrize("form", ["", "one-address/"])
@pytest.mark.parametrize(
    ("file", "limit"),
    [
        ("nginx.conf", r"proxy_(?:read|send)_timeout (9\d)s"),
        ("haproxy.cfg", r"tunnel (\d+)s"),
        ("apache2.conf", r":2345.* timeout=(\d+)"),
    ],
)
def test_proxies_bear_more_silence_than_there_is(form: str, file: str, limit: str) -> None:
    found = re.findall(limit, text(f"docs/proxy/{form}{file}"))

    assert found
    assert min(map(float, found)) > 2 * Settings.ping_interval


def test_the_unit_of_systemd_can_be_read_and_starts_our_command() -> None:
    unit = RawConfigParser(delimiters="=", comment_prefixes="#", strict=True)
    unit.optionxform = str  # type: ignore[assignment]  # It tells capitals apart.
    unit.read_string(text("docs/systemd/message-center@.service"))

    assert unit.sections() == ["Unit", "Service", "Install"]
    assert unit["Service"]["ExecStart"].endswith("/bin/message-center %i")
    assert int(unit["Service"]["TimeoutStopSec"]) > longest_stop(Settings(drain_seconds=30.0))
    assert int(unit["Service"]["LimitNOFILE"]) > Settings.max_connections
    # Besides this folder `serve` may write nothing.
    folder = f"DATA_DIR=/var/lib/{unit['Service']['StateDirectory']}"
    assert unit["Service"]["Environment"] == folder


@pytest.mark.skipif(
    not shutil.which("systemd-analyze") and "CI" not in os.environ, reason="no systemd here"
)
@pytest.mark.parametrize("process", ["http", "ws", "serve"])
def test_systemd_finds_nothing_wrong_with_the_unit(process: str, tmp_path: Path) -> None:
    unit = text("docs/systemd/message-center@.service")
    installed = tmp_path / f"message-center@{process}.service"
    installed.write_text(
        re.sub(r"ExecStart=\S+", f"ExecStart={sys.executable}", unit).replace(
            "User=message-center", f"User={getpass.getuser()}"
        )
    )

    said = subprocess.run(
        ["systemd-analyze", "--man=no", "verify", str(installed)],
        check=False,
        capture_output=True,
        text=True,
    )

    assert installed.name not in said.stderr


def test_the_example_worker_can_be_named_in_worker_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        sys, "path", [str(ROOT), *sys.path]
    )  # As `python -m` does with the folder of the start.
    echo = load_worker_class("docs.echo:Echo")

    assert echo.on_message is not Worker.on_message
    assert echo.on_worker_start is Worker.on_worker_start
