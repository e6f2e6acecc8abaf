"""The console and the JavaScript client in Debian's Firefox, where it is present."""

from collections.abc import Iterator

import pytest

from tests.support.firefox import PROGRAM, Firefox
from tests.support.system import System

TEXTS = "[...document.querySelectorAll('.messages .m, .told')].map((row) => row.textContent)"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    if PROGRAM is None:
        pytest.skip("there is no Firefox on this machine")
    with Firefox(tmp_path_factory.mktemp("firefox")) as firefox:
        yield firefox


def test_the_console_shows_messages_and_goes_on_after_a_restart(
    firefox: Firefox, system: System
) -> None:
    _, port = system.start_ws(POLL_INTERVAL=0.05)
    http = system.start_http(WS_PORT=port, POLL_INTERVAL=0.05)
    firefox.open(f"http://127.0.0.1:{system.http_port}/")
    firefox.wait_for(f"{TEXTS}.some((text) => text.includes('Hello!'))")
    firefox.wait_for("document.querySelector('#state').dataset.state === 'live'")

    firefox.run("document.querySelector('#push button.main').click()")
    firefox.wait_for("document.querySelector('#result').textContent.includes('seen here after')")
    http.kill_all()
    firefox.wait_for(f"{TEXTS}.some((text) => text.includes('Connection lost'))")
    system.redis.lpush("message_center", "while it was away")
    system.start_http(WS_PORT=port)

    firefox.wait_for(f"{TEXTS}.some((text) => text.includes('nothing was missed'))")
    firefox.wait_for(f"{TEXTS}.at(-1).includes('while it was away')")


def test_the_client_goes_on_where_it_was_cut(firefox: Firefox, system: System) -> None:
    ws, port = system.start_ws(POLL_INTERVAL=0.05)
    system.start_http(WS_PORT=port)
    firefox.open(f"http://127.0.0.1:{system.http_port}/")
    firefox.run(
        f"""import("/client.js").then(({{ connect }}) => {{
            window.seen = [];
            window.center = connect("ws://127.0.0.1:{port}/", {{firstWait: 100, maxWait: 500}});
            center.on("message", ({{ content }}) => seen.push(content));
        }})"""
    )
    firefox.wait_for("center.state === 'connected'")
    for content in ("one", "two"):
        system.push(content)
    firefox.wait_for("seen.length === 2")

    ws.kill_all()
    system.push("three")
    system.start_ws(port, POLL_INTERVAL=0.05)
    system.push("four")

    firefox.wait_for("seen.length >= 4")
    assert firefox.run("seen") == ["one", "two", "three", "four"]
