"""The examples of the documents that use the libraries of other protocols.

Pages are run in a browser, as they stand there; only ports are other ones.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pusher
import pytest
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from config.cli.embedded import EmbeddedValkey
from tests.support.examples import SETTING, find_examples
from tests.support.library_pages import FILES, example, open_page, php_library, run_in
from tests.support.npm import node_modules
from tests.support.processes import wait_until
from tests.support.programs import run
from tests.support.stage import Stage
from tests.support.system import System
from tests.support.websocket import LIMIT

BROADCAST = Path(__file__).parents[1] / "support/php/broadcast.php"
EVENT = r"App\Events\OrderPaid"
PUSHER, SOCKET_IO = "docs/pusher.md", "docs/socketio.md"
FROM_PHP = "docs/from-php.md"
AGAIN = 250  # Milliseconds after which a page gets another message.


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = node_modules(tmp_path_factory.mktemp("libraries"))
    return {name: folder / name / file for name, file in FILES.items()}


@pytest.fixture(scope="module")
def webman() -> Path:
    """The folder of webman/push."""
    return php_library("WEBMAN_PUSH")


@pytest.fixture(scope="module")
def laravel() -> None:
    """Laravel's framework, and the library that it broadcasts with, are here."""
    php_library("LARAVEL_FRAMEWORK")
    php_library("PUSHER_PHP")


def settings_of(page: str) -> dict[str, str]:
    """With which the document starts the servers."""
    (start,) = (each.code for each in find_examples() if each.page == page and each.is_start)
    return dict(SETTING.findall(start))


@pytest.fixture(scope="module")
def stage(valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Both servers, as each of the documents starts them."""
    with System(tmp_path_factory.mktemp("dialects"), valkey.url) as system:
        told = settings_of(PUSHER) | settings_of(SOCKET_IO)
        yield Stage(system, told)


def heard(page: Page, push: Callable[[], object], wanted: str) -> None:
    """A page takes its time to connect, so it is pushed again until the page has said it."""
    for _ in range(round(LIMIT * 1000 / AGAIN)):
        push()
        with suppress(PlaywrightTimeoutError):
            page.wait_for_event("console", lambda said: wanted in said.text, timeout=AGAIN)
            return
    raise AssertionError(f"{wanted!r} is not heard")


def environment_of(code: str) -> Mapping[str, str]:
    """A file .env, as Laravel and Vite read it."""
    found: dict[str, str] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", code, re.MULTILINE):
        found[name] = re.sub(r"\$\{(\w+)\}", lambda inner: found[inner[1]], value.strip('"'))
    return found


@pytest.mark.usefixtures("laravel")
def test_laravel_broadcasts_with_what_its_env_has(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(stage.local(example(PUSHER, "BROADCAST_CONNECTION").code), "utf-8")
    after = stage.call("/messages?last=1")["next"]

    run(["php", str(BROADCAST), str(file), "orders", EVENT, '{"order":7}'], tmp_path)

    found: list[Any] = []

    def has_come() -> bool:
        found[:] = stage.call(f"/messages?after={after}")["messages"]
        return bool(found)

    wait_until(has_come, "the event in the log")
    assert [(each["to"], each["event"]) for each in found] == [(["orders"], EVENT)]
    assert json.loads(found[0]["content"]) == {"order": 7}


def test_laravel_reaches_a_page_with_echo(
    libraries: dict[str, Path], stage: Stage, page: Page
) -> None:
    told = environment_of(stage.local(example(PUSHER, "BROADCAST_CONNECTION").code))
    # As config/broadcasting.php of Laravel makes them options of Pusher's library.
    backend = pusher.Pusher(
        told["REVERB_APP_ID"],
        told["REVERB_APP_KEY"],
        told["REVERB_APP_SECRET"],
        host=told["REVERB_HOST"],
        port=int(told["REVERB_PORT"]),
        ssl=told["REVERB_SCHEME"] == "https",
    )
    open_page(page, stage, libraries["pusher-js"], libraries["laravel-echo"])
    code = example(PUSHER, 'import Echo from "laravel-echo";').code
    for name, value in told.items():
        code = code.replace(f"import.meta.env.{name}", repr(value))

    run_in(page, stage, code)

    heard(page, lambda: backend.trigger("orders", EVENT, {"order": "seen"}), "seen")
    name = page.evaluate("sessionStorage.tab")
    assert page.evaluate("Echo.connector.pusher.config.wsPath") == f"/r/{name}"


def test_the_page_with_pusher_js_hears_the_backend(
    libraries: dict[str, Path], stage: Stage, page: Page
) -> None:
    backend = example(PUSHER, "import pusher\n")
    open_page(page, stage, libraries["pusher-js"])

    run_in(page, stage, example(PUSHER, 'import Pusher from "pusher-js";').code)

    heard(page, lambda: exec(stage.local(backend.code), {}), "1026")


def test_the_page_of_webman_hears_its_backend(
    webman: Path, stage: Stage, page: Page, tmp_path: Path
) -> None:
    open_page(page, stage, webman / "push.js")
    code = stage.local(example(FROM_PHP, "$api = new Webman").code)
    command = ["php", "-r", f"require '{webman}/Api.php';\n{code}"]

    run_in(page, stage, example(FROM_PHP, "const connection = new Push(").code)

    heard(page, lambda: run(command, tmp_path), "1027")


def test_the_page_with_socket_io_client_hears_a_push(
    libraries: dict[str, Path], stage: Stage, page: Page, tmp_path: Path
) -> None:
    open_page(page, stage, libraries["socket.io-client"])
    (push,) = (
        each.code.splitlines()[0].removeprefix("$ ")
        for each in find_examples()
        if each.page == SOCKET_IO and each.code.startswith("$ curl")
    )

    run_in(page, stage, example(SOCKET_IO, "const socket = io(").code)

    heard(page, lambda: run(["bash", "-c", stage.local(push)], tmp_path), "1026")
