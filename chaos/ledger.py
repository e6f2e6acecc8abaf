"""A ledger: a file that only grows, one line a record, written before the record counts.

It survives a kill -9 of its writer: a line that was cut short does not count, and
is taken away before the next one is written. (It need not survive the machine.)
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import time

from chaos.records import Entry, Record, decode, encode


class Ledger:
    """The writing end."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        whole = path.read_bytes().rfind(b"\n") + 1
        os.truncate(path, whole)

    def add(self, records: Iterable[Record]) -> None:
        """Write some records; when this returns, a kill -9 of this process cannot lose them."""
        now = time()
        data = b"".join(encode(record, now) for record in records)
        while data:
            data = data[os.write(self._file, data) :]

    def close(self) -> None:
        os.close(self._file)


def newest_first(path: Path) -> Iterator[Record]:
    """What its last writer wrote, from the end on."""
    data = path.read_bytes() if path.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    return (decode(line).record for line in reversed(whole.splitlines()))


def entries(path: Path) -> Iterator[Entry]:
    """All of a ledger, without a last line that is not whole."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield decode(line)
