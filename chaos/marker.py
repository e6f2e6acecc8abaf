"""The messages after all others: whoever has read one has come to the end."""

from collections.abc import Iterable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from time import time

from chaos.content import label
from chaos.ledger import newest_first
from chaos.publisher import Api, outcome, single_request
from chaos.pushes import Pushes
from chaos.records import Acknowledged, Entry, Read, Record, Tried

NAME = "marker"


class Markers:
    """Pushes them; up to the first that is acknowledged everything must be read."""

    def __init__(self, ports: list[int]) -> None:
        self._api = Api(ports)
        self._records: list[Record] = []
        self.first = ""

    def push(self) -> None:
        """Try one more."""
        tried = Tried(len(self._records), 1, keyed=False)
        self._records.append(tried)
        its = label(NAME, tried.first)
        with suppress(OSError, HTTPException):
            answer = self._api.call(single_request(its, tried))
            if isinstance(done := outcome(tried.first, *answer), Acknowledged):
                self._records.append(done)
                self.first = self.first or its

    def close(self) -> None:
        self._api.close()

    def add_to(self, pushes: Pushes) -> None:
        """They are pushes like any other."""
        pushes.add(NAME, [Entry(time(), record) for record in self._records])


def without_marker(ledgers: Iterable[Path]) -> list[Path]:
    """The readers that have not read any yet."""
    return [path for path in ledgers if not _newest_label(path).startswith(NAME)]


def _newest_label(path: Path) -> str:
    return next((each.label for each in newest_first(path) if isinstance(each, Read)), "")
