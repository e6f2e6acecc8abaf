"""The console's code for the libraries of Pusher, webman and Socket.IO, run as it was copied."""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from config.settings import Settings
from http_api.about import About
from tests.support.library_pages import FILES, open_page, php_library, run_in
from tests.support.npm import node_modules
from tests.support.processes import wait_until
from tests.support.programs import run
from tests.support.snippets import written
from tests.support.stage import Stage
from tests.support.system import System

LIBRARIES = Path(__file__).parents[1] / "support/php/pusher_libraries.php"
APP = ("1", "a-key", "the-secret-of-it")
SECRET = APP[2]
CONTENT = {"order": "订单 'é' \"\\", "n": [1, 2.5, None]}
ODD = "</script><script>window.hacked = true</script>\"'`${hacked = true}\u2028\n"
TO_CHANNELS = {"kind": "channels", "names": ["orders", "private-b@x"]}
TO_USER = {"kind": "users", "names": ["42"]}
TO_ALL: dict[str, Any] = {"kind": "everybody", "names": []}


PUSH = f"/push?channel=orders&event=message&content={quote(json.dumps({'n': 7}))}"


class Place(NamedTuple):
    """Servers, and what the console knows of them."""

    stage: Stage
    about: dict[str, Any]
    api: str

    @property
    def server(self) -> dict[str, Any]:
        """What a push is written for."""
        told = {name: self.about[name] for name in ("redis", "key")}
        return {"api": self.api, "token": "", "listen": self.listen, **told, **self.pusher}

    @property
    def listen(self) -> str:
        return f"ws://127.0.0.1:{self.stage.ws_port}/"

    @property
    def pusher(self) -> dict[str, Any]:
        return {"pusher": self.about["dialects"]["pusher"]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with System(tmp_path_factory.mktemp("console-dialects")) as system:
        stage = Stage(system, {"PUSHER_APPS": ":".join(APP), "SOCKET_IO": "1"})
        yield Place(stage, stage.call("/about"), stage.console)


def php(folder: Path, needed: str) -> list[str]:
    php_library(needed)
    (folder / "vendor").mkdir()
    shutil.copy(LIBRARIES, folder / "vendor/autoload.php")
    return ["php"]


def node(folder: Path) -> list[str]:
    node_modules(folder)
    return ["node"]


RUN: dict[str, tuple[str, Callable[[Path], list[str]]]] = {
    "pusher-php": ("push.php", lambda folder: php(folder, "PUSHER_PHP")),
    "webman": ("push.php", lambda folder: php(folder, "WEBMAN_PUSH")),
    "pusher-node": ("push.mjs", node),
    "pusher-python": ("push.py", lambda _: [sys.executable]),
}


def snippet(language: str, to: dict[str, Any], place: Place, content: object = CONTENT) -> str:
    push = {"content": content, "to": to}
    (code,) = written([("snippets.js", "snippet", [language, push, place.server])])
    assert isinstance(code, str)
    return code


@pytest.mark.parametrize("language", RUN)
def test_a_snippet_pushes_what_was_meant_and_has_no_secret(
    language: str, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, prepare = RUN[language]
    command = prepare(tmp_path)
    monkeypatch.setenv("PUSHER_SECRET", SECRET)
    after = place.stage.call("/messages?last=1")["next"]
    pushes = (TO_CHANNELS, TO_USER, TO_ALL)
    for to in pushes:
        code = snippet(language, to, place)
        assert SECRET not in code
        (tmp_path / file).write_text(code, "utf-8")
        run([*command, file], tmp_path)

    found: list[Any] = []

    def are_all_there() -> bool:
        found[:] = place.stage.call(f"/messages?after={after}")["messages"]
        return len(found) == len(pushes)

    wait_until(are_all_there, "all messages")
    assert [each["to"] for each in found] == [["orders", "private-b@x"], ["user:42"], ["orders"]]
    assert [json.loads(each["content"]) for each in found] == [CONTENT] * len(pushes)
    assert {each["event"] for each in found} == {"message"}


def test_the_env_of_laravel_is_that_of_the_documents_without_the_secret(place: Place) -> None:
    code = snippet("broadcasting", TO_ALL, place)

    told = dict(re.findall(r"^(\w+)=(.*)$", code, re.MULTILINE))
    names = re.findall(r"^(\w+)=", (Path(__file__).parents[2] / "docs/pusher.md").read_text(), re.M)
    assert list(told) == [name for name in names if "REVERB" in name or "BROADCAST" in name]
    assert (told["REVERB_APP_KEY"], told["REVERB_APP_SECRET"]) == ("a-key", "")
    assert told["VITE_REVERB_PORT"] == str(place.stage.ws_port)


def page_of(kind: str, place: Place, **told: object) -> str:
    given = {"listen": place.listen, "events": "", "channels": ["orders"], **place.pusher, **told}
    (code,) = written([("pages.js", "page", [kind, given])])
    assert isinstance(code, str)
    return code


@pytest.mark.parametrize(
    ("public", "listed"),
    [
        ("wss://push.example.com/ws", ["/ws/r/${sessionStorage.tab}", "wsPort: 443", "true"]),
        ("ws://127.0.0.1:2345/", ["`/r/${sessionStorage.tab}", "wsPort: 2345", "false"]),
    ],
)
def test_a_page_goes_to_the_public_address(public: str, listed: list[str], place: Place) -> None:
    code = page_of("pusher-js", place, listen=public)

    assert all(each in code for each in listed)
    assert 'path: "/ws/socket.io/"' in page_of("socket.io", place, listen="wss://a.example/ws")


@pytest.mark.parametrize("kind", ["pusher-js", "echo", "socket.io"])
def test_a_page_shows_what_is_pushed(
    kind: str, place: Place, own_page: Page, tmp_path: Path
) -> None:
    library = node_modules(tmp_path)
    scripts = {name: library / name / file for name, file in FILES.items()}
    code = page_of(kind, place)
    if kind == "echo":
        open_page(own_page, place.stage, scripts["pusher-js"], scripts["laravel-echo"])
        code = code.replace("console.log(event)", "document.body.append('message: ' + event.n)")
        run_in(own_page, place.stage, code)
    else:
        own_page.route("https://js.pusher.com/**", lambda it: it.fulfill(path=scripts["pusher-js"]))
        own_page.route(
            "https://cdn.socket.io/**", lambda it: it.fulfill(path=scripts["socket.io-client"])
        )
        file = tmp_path / "page.html"
        file.write_text(code, "utf-8")
        own_page.goto(file.as_uri())
    shown = own_page.get_by_text("message: ").first
    for _ in range(40):
        place.stage.call(PUSH)
        with suppress(Exception):
            shown.wait_for(timeout=250)
            break

    expect(shown).to_contain_text("7")


@pytest.mark.parametrize("kind", ["pusher-js", "socket.io"])
def test_nothing_breaks_out_of_a_page(kind: str, place: Place, page: Page, tmp_path: Path) -> None:
    told = {"channels": [ODD], "token": ODD, "pusher": {"id": "1", "key": ODD}}
    file = tmp_path / "page.html"
    file.write_text(page_of(kind, place, **told).replace("https://", "file:///none/"), "utf-8")

    page.goto(file.as_uri())

    assert page.evaluate("window.hacked") is None
    assert page.locator("script").count() == 2


def test_they_are_shown_only_where_they_are_spoken() -> None:
    spoken = About(Settings(pusher_apps=(APP,), socket_io=True)).read(None, signs=False)["dialects"]
    plain = About(Settings()).read(None, signs=False)["dialects"]
    calls = [
        (file, name, [dialects])
        for dialects in (plain, spoken)
        for file, name in (("snippets.js", "languagesOf"), ("pages.js", "kindsOf"))
    ]
    found = [{each["id"] for each in choices} for choices in written(calls)]

    assert found[2] - found[0] == {*RUN, "broadcasting"}
    assert found[3] - found[1] == {"pusher-js", "echo", "socket.io"}
