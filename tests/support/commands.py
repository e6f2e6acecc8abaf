"""`message-center` as a test runs it, and an HTTP API that keeps what it was sent."""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qs

from click.testing import CliRunner, Result

from config.cli.cli import main


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environ)


class Recorder(BaseHTTPRequestHandler):
    """Any HTTP API: answers with success and keeps what it was sent."""

    seen: ClassVar[list[tuple[str | None, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        is_json = self.headers["Content-Type"] == "application/json"
        fields = json.loads(body) if is_json else parse_qs(body, keep_blank_values=True)
        self.seen.append((self.headers["Authorization"], fields))
        self.send_response(200)
        self.end_headers()
        self.wfile.write('{"code":0,"msg":"success 🎉"}'.encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


def command(*arguments: str | bytes, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """As a terminal starts it, where nothing but `environ` says what the encoding is."""
    return piped(b"", *arguments, **environ)


def piped(
    said: bytes, *arguments: str | bytes, **environ: str
) -> subprocess.CompletedProcess[bytes]:
    """The same; `said` comes through a pipe."""
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))
    }
    return subprocess.run(
        [sys.executable, "-P", "-m", "config.cli", *arguments],
        env={**plain, **environ},
        input=said,
        capture_output=True,
        timeout=90,
        check=False,
    )


POSIX = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
ENCODINGS = [POSIX, {"LANG": "C.UTF-8"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "gbk"}]
