"""Canaries: messages of a process to itself, in a list and a log of their own.

They take the way of a message and meet none: what reads the queue or the log never sees one. From
their list to their log they are moved along with a settle, over the same connection.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from common.libraries.redis_connection import Command
from common.page import Page
from common.store.connect import Client
from common.store.keys import Keys
from common.store.line import Line
from common.store.redis_words import known_words
from common.store.script import source

KEPT = 120  # Seconds for which the log keeps canaries, at least.
MOST_READ = 500  # At once.
MOST_WAITING = 100  # Nobody moves them: all processes are deaf.
BEGINNING = b"0-0"


class Rider(Protocol):
    """What is asked of Redis along with a settle. It never raises."""

    def commands(self) -> Sequence[Command]:
        """What to ask now; mostly nothing. A command of it answers a failure as text."""

    def take(self, answers: Sequence[Any]) -> None:
        """The answers, once the settle has gone well."""


class NoRider(Rider):
    """Settles go alone."""

    def commands(self) -> Sequence[Command]:
        return ()

    def take(self, answers: Sequence[Any]) -> None:
        pass


class Canaries(Protocol):
    """Where a process pushes canaries. One is under way at a time."""

    on_page: Callable[[Page], None]  # Called with each page of canaries, also those of others.
    problem: str  # Why the log of canaries could not be written or read, the last time.

    def push(self, canary: bytes) -> None:
        """Push one; from now on pages are read, until `rest`.

        Raises:
            QueueUnavailable: Redis did not take it.
        """

    def rest(self) -> None:
        """None is under way."""


class RedisCanaries(Canaries, Rider):
    """In Redis; it rides with the settles of a `RedisLog`."""

    def __init__(self, client: Client, key: str, interval: float) -> None:
        """`interval`: seconds between two settles at the most."""
        self._keys = Keys(key)
        self._line = Line(client, repeatable=True)  # Two of the same do no harm.
        self._after: bytes | None = None  # None is under way before this id of the log.
        self._seconds = round(KEPT + 2 * interval)
        self._move = ("EVAL", source("canary.lua"), 2, self._keys.canaries, self._keys.canary_log)
        self.on_page: Callable[[Page], None] = lambda _: None
        self.problem = ""

    def push(self, canary: bytes) -> None:
        self._after = None
        queue, log = self._keys.canaries, self._keys.canary_log
        newest, *_ = self._line.call(
            ("XREVRANGE", log, "+", "-", "COUNT", 1),  # It will come after this.
            ("LPUSH", queue, canary),
            ("LTRIM", queue, 0, MOST_WAITING - 1),
        )
        self._after = newest[0][0] if newest else BEGINNING

    def rest(self) -> None:
        self._after = None

    def commands(self) -> Sequence[Command]:
        if self._after is None:
            return ()
        return ((*self._move, self._after, self._seconds, MOST_READ),)

    def take(self, answers: Sequence[Any]) -> None:
        (entries,) = answers
        if isinstance(entries, bytes):
            self.problem = known_words(entries.decode(errors="replace"))
            return
        self.problem = ""
        page = Page.of_entries(entries)
        if page and self._after is not None:
            self._after = page.ids[-1]
            self.on_page(page)
