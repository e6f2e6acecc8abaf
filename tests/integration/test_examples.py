"""Every example of the documents is run as it stands there, against real processes.

Only ports and addresses are other ones. `tests.support.examples` says which block is
run here, which by a test of its own, and which not at all.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import cache
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

WITH_TOKENS = {"SUBSCRIBE_SECRET": SECRET}
ASIDE = {"Who is connected": WITH_TOKENS}  # Needed by a section that does not say so.
PUSH_AGAIN = 250  # Milliseconds after which a page gets another message.

Pages = Callable[[], Page]


@pytest.fixture(scope="module")
def usual(
    valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Stage]]:
    """The stage of all sessions that need nothing special; the first of them starts it."""
    with System(tmp_path_factory.mktemp("examples"), valkey.url) as system:
        yield cache(lambda: Stage(system, {}))


@pytest.fixture
def pages(request: pytest.FixtureRequest) -> Pages:
    """A page of a browser, for the sessions that have something for it."""
    return lambda: request.getfixturevalue("page")


@pytest.mark.parametrize("session", find_sessions(), ids=str)
def test_the_examples_of_a_section_do_what_it_says(
    session: Session,
    usual: Callable[[], Stage],
    valkey: EmbeddedValkey,
    tmp_path: Path,
    pages: Pages,
) -> None:
    settings = session.settings or ASIDE.get(session.section, {})
    missing = set()
    with ExitStack() as stack:
        if settings:
            stage = Stage(stack.enter_context(System(tmp_path, valkey.url)), settings)
        else:
            stage = usual()
        for client in crowd(stage) if session.section in ASIDE else ():
            stack.enter_context(client)
        for example in session.examples:
            try:
                run(example, stage, pages)
            except Missing as program:
                missing.add(str(program))
    if missing:
        pytest.skip(f"not on this machine: {', '.join(sorted(missing))}")


def test_make_run_prints_what_the_readme_says(tmp_path: Path) -> None:
    (banner,) = (each.code for each in find_examples() if each.code.startswith("  HTTP API"))
    http, ws = free_port(), free_port()
    for usual, real in (("2346", http), ("2345", ws)):
        banner = banner.replace(usual, str(real))

    serve = Process(["-m", "config.cli", "serve"], tmp_path, HTTP_PORT=http, WS_PORT=ws)
    try:
        wait_until(lambda: "Stop: Ctrl-C" in serve.output, "the addresses", LIMIT * 2)
        # Where 6379 is taken, it is another one, and it says so in some lines more.
        said = re.sub(r"( +Redis .*:)\d+(/0)\n( {13}.*\n)*", r"\g<1>6379\2\n", serve.output)
        assert banner in said
    finally:
        assert serve.stop() == 0


def run(example: Example, stage: Stage, pages: Pages) -> None:
    """Run one; whatever goes wrong says which.

    Raises:
        Missing: it cannot be run on this machine.
    """
    try:
        if example.language in ("js", "html"):
            run_in_browser(example, stage, pages())
        elif not example.is_start:
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
    """A page, or what is typed into the console of the first page: it shows what is pushed."""
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
    page.goto(stage.first_page)
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
