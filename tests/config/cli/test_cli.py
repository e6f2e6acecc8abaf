import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs

import jwt
import pytest
from click.testing import CliRunner, Result

from config import leftovers
from config.cli.cli import main
from tests.support.keys import SECRET
from tests.support.servers import close, playing


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty one to start the command in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environ)


@pytest.mark.parametrize("command", [["serve"], ["push", "hello"], ["listen"]])
def test_a_bad_setting_ends_every_command_with_its_name(folder: Path, command: list[str]) -> None:
    result = run(*command, HTTP_PORT="http")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: HTTP_PORT: must be a whole number")


def test_settings_are_read_from_the_folder_that_it_is_started_in(folder: Path) -> None:
    (folder / ".env").write_text("HTTP_PROT=1\n")

    assert "did you mean HTTP_PORT?" in run("serve").stderr


def test_the_help_names_every_command(folder: Path) -> None:
    shown = run("--help").stdout

    assert all(f"  {name} " in shown for name in ("http", "listen", "push", "serve", "token", "ws"))


def test_the_command_says_its_version(folder: Path) -> None:
    assert run("--version").stdout == f"message-center {version('message-center')}\n"


@pytest.mark.integration
def test_the_command_prints_a_token(folder: Path) -> None:
    command = [sys.executable, "-P", "-m", "config.cli", "token", "--user", "42"]
    environ = {**os.environ, "SUBSCRIBE_SECRET": SECRET}
    printed = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)

    assert jwt.decode(printed.stdout.strip(), SECRET, ["HS256"])["sub"] == "42"


@pytest.mark.integration
def test_a_push_to_nobody_fails_with_the_address(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # And nobody listens at it.
        port = taken.getsockname()[1]
        result = run("push", "hello", HTTP_HOST="127.0.0.1", HTTP_PORT=str(port))

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: no answer from http://127.0.0.1:{port}/push: ")


class Recorder(BaseHTTPRequestHandler):
    """Any HTTP API: answers with success and keeps what it was sent."""

    seen: ClassVar[list[tuple[str | None, dict[str, list[str]]]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.seen.append((self.headers["Authorization"], parse_qs(body, keep_blank_values=True)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write('{"code":0,"msg":"success 🎉"}'.encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def api() -> Iterator[dict[str, str]]:
    """The settings that lead to a `Recorder`."""
    Recorder.seen.clear()
    with HTTPServer(("127.0.0.1", 0), Recorder) as server:
        serving = threading.Thread(target=server.serve_forever, args=[0.01])
        serving.start()
        yield {"HTTP_HOST": "127.0.0.1", "HTTP_PORT": str(server.server_port)}
        server.shutdown()
        serving.join()


@pytest.mark.integration
def test_a_push_carries_the_first_token(folder: Path, api: dict[str, str]) -> None:
    tokens = "one:0123456789abcdef-1,two:0123456789abcdef-2"

    assert run("push", "hello", PUSH_TOKENS=tokens, **api).exit_code == 0
    assert run("push", "hello", **api).exit_code == 0
    assert Recorder.seen == [
        ("Bearer 0123456789abcdef-1", {"content": ["hello"]}),
        (None, {"content": ["hello"]}),
    ]


@pytest.mark.integration
def test_a_push_does_not_go_through_a_proxy(folder: Path, api: dict[str, str]) -> None:
    """Its owner would get the token and the content. Here nobody listens at it."""
    environ = dict.fromkeys(("http_proxy", "all_proxy"), "http://127.0.0.1:1")

    assert run("push", "hello", **api, **environ).exit_code == 0


@pytest.mark.integration
def test_a_push_can_be_addressed(folder: Path, api: dict[str, str]) -> None:
    named = ["--channel", "orders", "--channel", "news", "--user", "42", "--user", "43"]

    assert run("push", *named, "hello", **api).exit_code == 0
    assert [form for _, form in Recorder.seen] == [
        {"content": ["hello"], "channels": ["orders,news"], "users": ["42,43"]}
    ]


def command(*arguments: str | bytes, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """As a terminal starts it, where nothing but `environ` says what the encoding is."""
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))
    }
    return subprocess.run(
        [sys.executable, "-P", "-m", "config.cli", *arguments],
        env={**plain, **environ},
        capture_output=True,
        timeout=30,
        check=False,
    )


POSIX = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
ENCODINGS = [POSIX, {"LANG": "C.UTF-8"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "gbk"}]


@pytest.mark.integration
@pytest.mark.parametrize("environ", ENCODINGS)
def test_a_push_is_of_utf_8_whatever_the_terminal_is(
    folder: Path, api: dict[str, str], environ: dict[str, str]
) -> None:
    done = command("push", "已付款 🎉".encode(), **api, **environ)

    assert (done.returncode, done.stderr) == (0, b"")
    assert Recorder.seen == [(None, {"content": ["已付款 🎉"]})]
    assert done.stdout.decode("gbk", "replace").startswith('{"code":0,"msg":"success')


@pytest.mark.integration
@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["push", b"caf\xe9"], b"TEXT"),
        (["push", "--channel", b"\xb6\xa9", "x"], b"--channel"),
        (["push", "--user", b"\xff", "x"], b"--user"),
        (["listen", b"ws://127.0.0.1:1/?channels=\xff"], b"URL"),
    ],
)
def test_an_argument_that_is_no_text_is_refused_by_name(
    folder: Path, api: dict[str, str], arguments: list[str | bytes], name: bytes
) -> None:
    done = command(*arguments, **api, LANG="C.UTF-8")

    assert done.returncode == 2
    assert b"Invalid value for " + name + b": it is not UTF-8" in done.stderr
    assert Recorder.seen == []


PAID = "已付款 🎉".encode()
MESSAGES = bytes([0x81, len(PAID)]) + PAID + b"\x81\x05after" + close(4003)


@pytest.mark.integration
@pytest.mark.parametrize("environ", ENCODINGS)
def test_listening_goes_on_after_what_a_terminal_cannot_show(
    folder: Path, environ: dict[str, str]
) -> None:
    with playing(MESSAGES) as server:
        done = command("listen", server.url, **environ)

    shown = "已付款 \\U0001f389".encode("gbk") if environ == ENCODINGS[-1] else PAID
    assert done.stdout == shown + b"\nafter\n"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, b"closed: 4003")


@pytest.mark.integration
@pytest.mark.parametrize(
    ("shell", "status", "error"),
    [
        ('"$@" | head -1', 0, b""),
        ('"$@" >/dev/full', 1, b"Error: cannot write: No space left on device\n"),
        ('"$@" >&-', 1, b"Error: cannot write: there is no standard output\n"),
    ],
)
def test_listening_ends_where_nobody_reads_on(
    folder: Path, shell: str, status: int, error: bytes
) -> None:
    listen = [sys.executable, "-P", "-m", "config.cli", "listen"]
    with playing(b"\x81\x02hi" * 20_000 + close(4003)) as server:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", shell, "-", *listen, server.url],
            capture_output=True,
            timeout=30,
            check=False,
        )

    assert done.returncode == status
    assert done.stderr == b"connected to " + server.url.encode() + b"\n" + error


@pytest.mark.integration
@pytest.mark.parametrize("shell", ['"$@" | true', '"$@" >/dev/full', '"$@" >&-'])
def test_a_push_has_succeeded_where_nobody_reads_that(
    folder: Path, api: dict[str, str], shell: str
) -> None:
    push = [sys.executable, "-P", "-m", "config.cli", "push", "hello"]
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell, "-", *push],
        env={**os.environ, **api},
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert Recorder.seen == [(None, {"content": ["hello"]})]


@pytest.mark.integration
def test_a_push_to_what_speaks_no_http_fails_in_words(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        answering = threading.Thread(target=answer_nonsense, args=[other])
        answering.start()
        port = str(other.getsockname()[1])
        done = command("push", "x", HTTP_HOST="127.0.0.1", HTTP_PORT=port)
        answering.join()

    assert done.returncode == 1
    assert done.stderr.startswith(b"Error: no answer from http://127.0.0.1:")


def answer_nonsense(listener: socket.socket) -> None:
    client, _ = listener.accept()
    with client:
        client.recv(65536)
        client.sendall(b"-ERR unknown command\r\n")  # As Redis does.


@pytest.mark.integration
def test_a_push_to_an_empty_name_is_sent_as_one_to_be_refused(
    folder: Path, api: dict[str, str]
) -> None:
    """Left out, it would be a push to everybody."""
    run("push", "--user", "", "hello", **api)
    run("push", "--channel", "", "--user=", "hello", **api)

    assert [form for _, form in Recorder.seen] == [
        {"content": ["hello"], "users": [""]},
        {"content": ["hello"], "channels": [""], "users": [""]},
    ]


@pytest.mark.integration
def test_serve_refuses_before_it_starts_anything(folder: Path) -> None:
    result = run("serve", HTTP_HOST="0.0.0.0", DATA_DIR="data")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: PUSH_TOKENS: at HTTP_HOST=0.0.0.0 other machines")
    assert list(folder.iterdir()) == []


@pytest.mark.integration
def test_serve_says_which_port_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = run("serve", HTTP_HOST="127.0.0.1", HTTP_PORT=port)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: HTTP_PORT: cannot use 127.0.0.1:{port}: ")
