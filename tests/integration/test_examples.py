"""Every example of the documents is run as it stands there, against real processes.

Only ports and addresses are other ones. `tests.support.examples` says which block is
run here, which by a test of its own, and which not at all.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from config.cli.embedded import EmbeddedValkey
from tests.support.example_runners import RUNNERS, Missing
from tests.support.examples import Example, Session, find_examples, find_sessions
from tests.support.processes import Process, free_port, wait_until
from tests.support.stage import SECRET, Stage
from tests.support.system import System
from tests.support.websocket import LIMIT, Client

WITHOUT_BROWSER = find_sessions(lambda example: not example.is_for_browsers)
FOR_BROWSERS = find_sessions(lambda example: example.is_for_browsers)
CROWDED = "Who is connected"  # A section that shows some clients.
PUSH_AGAIN = 250  # Milliseconds after which a page gets another message.


@pytest.fixture(scope="module")
def usual(valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage of all sessions that need nothing special."""
    with System(tmp_path_factory.mktemp("examples"), valkey.url) as system:
        yield Stage(system, {})


class Stages:
    """The stage for an example: the usual one, or one of its own in a folder of the test."""

    def __init__(self, usual: Stage, folder: Path, redis_url: str) -> None:
        self._usual = usual
        self._folder = folder
        self._redis_url = redis_url

    @contextmanager
    def stage(self, settings: Mapping[str, str]) -> Iterator[Stage]:
        if not settings:
            yield self._usual
            return
        with System(self._folder, self._redis_url) as system:
            yield Stage(system, settings)


@pytest.fixture
def stages(usual: Stage, tmp_path: Path, valkey: EmbeddedValkey) -> Stages:
    return Stages(usual, tmp_path, valkey.url)


@pytest.mark.parametrize("session", WITHOUT_BROWSER, ids=str)
def test_the_examples_of_a_section_do_what_it_says(session: Session, stages: Stages) -> None:
    missing = set()
    with ExitStack() as stack:
        is_crowded = session.section == CROWDED
        settings = {"SUBSCRIBE_SECRET": SECRET} if is_crowded else session.settings
        stage = stack.enter_context(stages.stage(settings))
        for client in crowd(stage) if is_crowded else ():
            stack.enter_context(client)
        for example in session.examples:
            try:
                run(example, stage)
            except Missing as program:
                missing.add(str(program))
    assert not (missing and "CI" in os.environ), missing  # There, they must be installed.
    if missing:
        pytest.skip(f"not on this machine: {', '.join(sorted(missing))}")


@pytest.mark.parametrize("session", FOR_BROWSERS, ids=str)
def test_an_example_for_a_browser_shows_what_is_pushed(
    session: Session, stages: Stages, page: Page
) -> None:
    with stages.stage(session.settings) as stage:
        for example in session.examples:
            run_in_browser(example, stage, page)


def test_make_run_prints_what_the_readme_says(tmp_path: Path) -> None:
    (banner,) = (each.code for each in find_examples() if each.code.startswith("  HTTP API"))
    http, ws = free_port(), free_port()
    ports = {"2346": str(http), "2345": str(ws)}
    banner = re.sub("234[56]", lambda usual: ports[usual[0]], banner)

    serve = Process(["-m", "config.cli", "serve"], tmp_path, HTTP_PORT=http, WS_PORT=ws)
    try:
        wait_until(lambda: "Stop: Ctrl-C" in serve.output, "the addresses", LIMIT * 2)
        # Where 6379 is taken, it is another one, and it says so in some lines more.
        said = re.sub(r"( +Redis .*:)\d+(/0)\n( {13}.*\n)*", r"\g<1>6379\2\n", serve.output)
        assert banner in said
    finally:
        assert serve.stop() == 0


def run(example: Example, stage: Stage) -> None:
    """Run one; whatever goes wrong says which.

    Raises:
        Missing: it cannot be run on this machine.
    """
    try:
        if not example.is_start:
            RUNNERS[example.language](example, stage)
    except Exception as problem:
        problem.add_note(f"{example}:\n{example.code}")
        raise


def crowd(stage: Stage) -> list[Client]:
    """Who is connected in docs/listen.md."""
    users: list[dict[str, object]] = [{"sub": "42"}, {"sub": "42"}, {"sub": "7"}, {}, {}]
    tokens = [stage.token(channels=["orders"], **user) for user in users]
    clients = [stage.listener("/?channels=orders", token) for token in tokens]
    clients.append(stage.listener("/", stage.token(sub="42")))
    wait_until(lambda: stage.call("/channels/orders").get("connections") == 5, "who is connected")
    wait_until(lambda: stage.call("/users/42").get("connections") == 3, "who is connected")
    return clients


def run_in_browser(example: Example, stage: Stage, page: Page) -> None:
    """A page, or what is typed into the developer tools of the console: it shows what is pushed."""
    code = stage.local(example.code)
    content = f"hello from {example}"
    if example.language == "html":
        file = stage.folder / "page.html"
        file.write_text(code, "utf-8")
        page.goto(file.as_uri())
        push_until(
            lambda: page.get_by_text(content).first.wait_for(timeout=PUSH_AGAIN), content, stage
        )
        return
    page.goto(stage.console)
    tokens = [stage.token(-60), stage.token(channels=["orders", "news.*"])]
    prelude = "const token = tokens[1], freshToken = async () => tokens.shift();"
    page.evaluate(f"async (tokens) => {{ {prelude}\n{code} }}", tokens)

    def is_shown() -> object:
        return page.wait_for_event("console", lambda said: content in said.text, timeout=PUSH_AGAIN)

    push_until(is_shown, content, stage)


def push_until(is_shown: Callable[[], object], content: str, stage: Stage) -> None:
    """A page takes its time to connect, so it is pushed again until the page shows it."""
    for _ in range(round(LIMIT * 1000 / PUSH_AGAIN)):
        stage.push(content)
        with suppress(PlaywrightTimeoutError):
            is_shown()
            return
    raise AssertionError(f"{content!r} is not shown")
