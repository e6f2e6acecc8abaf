"""The examples for frameworks of PHP, served by `php -S`.

Debian has no version of either that is in use. So the examples run on a stand-in of
exactly what they use; or, if THINKPHP_SITE or LARAVEL_SITE names the folder of an application into
which the example was copied, on the real one.
"""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import ROOT, free_port, wait_until
from tests.support.websocket import LIMIT


@dataclass(frozen=True)
class Framework:
    """Its example is in examples/`name`; `router` is of a real application."""

    name: str
    router: str

    def __str__(self) -> str:
        return self.name

    @property
    def real(self) -> str | None:
        """The folder of an application with the real one, if there is one here."""
        return os.environ.get(f"{self.name.upper()}_SITE")

    @property
    def command(self) -> list[str]:
        if self.real:
            return ["-t", f"{self.real}/public", f"{self.real}/public/{self.router}"]
        return [str(ROOT / f"tests/support/php/{self.name}.php")]


THINKPHP = Framework("thinkphp", "router.php")
LARAVEL = Framework("laravel", "index.php")


@contextmanager
def serving(framework: Framework, folder: Path, **told: str) -> Iterator[str]:
    """The example, at this address."""
    port = free_port()
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("MESSAGE_CENTER_")
    }
    with (folder / f"php-{port}.log").open("wb") as log:
        server = subprocess.Popen(
            ["php", "-S", f"127.0.0.1:{port}", *framework.command],
            env={**clean, "EXAMPLE": str(ROOT / "examples" / framework.name), **told},
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: _answers(port), "PHP listens", LIMIT)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), LIMIT).close()
    except OSError:
        return False
    return True
