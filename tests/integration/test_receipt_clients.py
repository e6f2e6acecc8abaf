"""Who confirms by itself: browsers, and programs in other languages; and that no proxy does.

The table in docs/listen.md says the same.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.support.certificate import Certificate
from tests.support.example_programs import LISTENING, Running, listening, runs_here
from tests.support.processes import wait_until
from tests.support.proxies import make_place, serving
from tests.support.system import System
from tests.support.websocket import PING, PONG, TEXT

FAST: dict[str, Any] = {"DELIVERY": "instant"}
BARE = "(url) => { window.socket = new WebSocket(url); }"


STREAMS = ("go/listen/main.go",)  # Of Server-Sent Events, which have no pongs.


def push(system: System, id_: str) -> None:
    path = f"/push?content=hello&receipt=1&id={id_}"
    assert system.call(path) == (200, {"code": 0, "msg": "success", "id": id_})


def wait_for(system: System, id_: str, **wanted: int) -> dict[str, Any]:
    """The receipt, as soon as it says so."""
    seen: dict[str, Any] = {}

    def is_so() -> bool:
        seen.update(system.call(f"/messages/{id_}")[1])
        return bool(wanted.items() <= seen.items())

    try:
        wait_until(is_so, id_)
    except AssertionError:
        raise AssertionError((wanted, seen)) from None
    return seen


def test_a_bare_page_confirms_without_any_code(page: Page, system: System) -> None:
    system.start_http()
    _, port = system.start_ws(**FAST)
    page.evaluate(BARE, f"ws://127.0.0.1:{port}/")
    page.wait_for_function("socket.readyState === 1")

    push(system, "p")
    wait_for(system, "p", to=1, written=1, confirmed=1)


def test_programs_in_other_languages_confirm_without_any_code(system: System) -> None:
    here = [file for file in LISTENING if runs_here(file)]
    system.start_http()
    _, port = system.start_ws(**FAST)
    system.push("before")
    with ExitStack() as stack:
        running = [stack.enter_context(Running(file, **listening(port))) for file in here]
        for program in running:
            program.lines_upto("before")
        push(system, "p")
        for program in running:
            program.lines_upto("hello")
        sockets = [file for file in here if file not in STREAMS]
        wait_for(system, "p", to=len(here), written=len(here), confirmed=len(sockets))


def test_no_proxy_answers_for_its_clients(
    system: System,
    program: str,
    certificate: Certificate,
    tmp_path: Path,
) -> None:
    _, port = system.start_ws(**FAST)
    system.start_http()
    place = make_place(tmp_path / program, certificate, port, system.http_port)
    with serving(program, place) as proxy, proxy.connect() as client:
        push(system, "p")
        assert client.receive()[0] == TEXT
        opcode, asked = client.receive()
        assert opcode == PING
        wait_for(system, "p", to=1, written=1, confirmed=0)

        client.send(PONG, asked)
        wait_for(system, "p", to=1, written=1, confirmed=1)
