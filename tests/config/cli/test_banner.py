"""What `serve` shows when it is up."""

import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from config.cli.banner import Banner, command_as_typed
from config.settings import Settings

TOKENS = (("backend", "0123456789abcdef"),)
COMMAND = "/opt/mc/.venv/bin/message-center"


def shown(environ: dict[str, str] | None = None, other_redis: int = 0, **settings: Any) -> str:
    banner = Banner(
        settings=Settings(**settings),
        redis_url="redis://:secret@127.0.0.1:7001/0",
        command=COMMAND,
        environ=environ or {},
        other_redis=other_redis,
    )
    return banner.text(has_redis=True)


def test_it_shows_the_addresses_and_something_to_try() -> None:
    text = shown(http_host="0.0.0.0", http_port=8080, ws_host="::")

    assert "  HTTP API   http://127.0.0.1:8080/ " in text
    assert "  WebSocket  ws://[::1]:2345/\n" in text
    assert "  Redis      redis://:***@127.0.0.1:7001/0\n\n" in text
    assert "  Try:  curl -d hello http://127.0.0.1:8080/push\n" in text


def test_with_tokens_the_command_is_the_one_that_was_used() -> None:
    text = shown(push_tokens=TOKENS)

    assert f"  Try:  {COMMAND} push hello\n" in text


def test_a_token_of_a_file_is_to_be_put_in() -> None:
    text = shown(push_tokens_file="/tokens")

    assert f"  Try:  {COMMAND} push hello --token TOKEN\n" in text
    assert "0123456789abcdef" not in text


def test_what_another_shell_does_not_know_is_shown_or_said() -> None:
    environ = {"HTTP_PORT": "8080\r", "HTTP_HOST": "::1", "PUSH_TOKENS": "backend:…"}
    text = shown(environ, push_tokens=TOKENS, http_port=8080, http_host="::1")

    assert f"  Try:  HTTP_HOST=::1 HTTP_PORT=8080 {COMMAND} push hello\n" in text
    assert "(in a shell with these PUSH_TOKENS)\n" in text


@pytest.mark.integration
@pytest.mark.parametrize(
    ("answer", "login"),
    [
        (b"+PONG\r\n", ""),
        (b"-LOADING Redis is loading\r\n", ""),
        (b"-NOAUTH Authentication required.\r\n", ":PASSWORD@"),
    ],
)
def test_a_redis_that_has_the_port_is_told_and_how_to_use_it(answer: bytes, login: str) -> None:
    port, text = shown_beside(answer)

    assert f"Port {port} is another Redis'" in text
    assert f"REDIS_URL=redis://{login}127.0.0.1:{port}/0 {COMMAND} serve\n" in text


@pytest.mark.integration
def test_another_program_at_the_port_is_not_taken_for_a_redis() -> None:
    port, text = shown_beside(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    assert f"(port {port} is another program's)" in text
    assert "REDIS_URL=" not in text


def shown_beside(answer: bytes) -> tuple[int, str]:
    """What is shown when somebody at the wanted port gives this answer."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        def serve() -> None:
            with other.accept()[0] as client:
                client.recv(100)
                client.sendall(answer)

        serving = threading.Thread(target=serve)
        serving.start()
        text = shown(other_redis=port)
        serving.join()
    return port, text


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (["/v/bin/python", "/v/bin/message-center", "serve"], "/v/bin/message-center"),
        (["/v/bin/python", ".venv/bin/message-center", "serve"], "{}/.venv/bin/message-center"),
        (["/v/bin/python", "/my folder/message-center", "serve"], "'/my folder/message-center'"),
        (["python3", "-P", "-m", "config.cli", "serve"], "python3 -P -m config.cli"),
        ([".venv/bin/python", "-m", "config.cli", "serve"], "{}/.venv/bin/python -m config.cli"),
    ],
)
def test_the_command_works_where_it_is_pasted(words: list[str], typed: str) -> None:
    assert command_as_typed(words, ["serve"]) == typed.format(Path.cwd())


def test_it_says_where_libraries_of_other_protocols_go() -> None:
    text = shown(pusher_apps=(("1", "a-key", "a-secret"),), socket_io=True, ws_host="0.0.0.0")

    assert "  Pusher     key a-key: backends 127.0.0.1:2346, pages 127.0.0.1:2345\n" in text
    assert '  Socket.IO  http://127.0.0.1:2345, {transports: ["websocket"]}\n' in text
    assert "a-secret" not in text
    assert "Socket.IO" not in shown()
