import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import ENCODINGS, Recorder, command
from tests.support.servers import close, playing

PAID = "已付款 🎉".encode()
MESSAGES = bytes([0x81, len(PAID)]) + PAID + b"\x81\x05after" + close(4003)


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
            timeout=90,
            check=False,
        )

    assert done.returncode == status
    assert done.stderr == b"connected to " + server.url.encode() + b"\n" + error
