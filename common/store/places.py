"""How far clients are that cannot remember it themselves, in Redis: bounded in number and in time.

A name stands for one client, and whoever is allowed to use it is decided elsewhere. A place never
goes back by itself: what one connection of a client has confirmed counts for all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Literal, NamedTuple, Protocol

from common.message import Mark
from common.store.connect import Client
from common.store.keys import Keys
from common.store.script import Script, source

MOST_CLIENTS = 200_000  # Remembered: 60 MB of Redis' memory. Beyond that, those heard of last.
MOST_MOVES = 500  # In one command: it takes Redis 5 ms.


@dataclass(frozen=True, slots=True)
class Known:
    """A client has confirmed everything up to `mark`, and may have been sent all up to `sent`.

    None: nobody knows how far. Its server was killed, or it is, or was, connected somewhere else.
    """

    mark: Mark
    sent: Mark | None


How = Literal["move", "set"]


class Move(NamedTuple):
    """A client is at `mark`. `sent` as in `Known`: None as long as it is connected.

    `set` moves it even back.
    """

    name: str
    mark: Mark
    sent: Mark | None
    how: How = "move"


class Places(Protocol):
    """Where clients are remembered.

    Raises:
        QueueUnavailable: by each of the methods, if Redis did not confirm it.
    """

    def join(self, name: str, mark: Mark) -> Known | None:
        """A client comes: what is known of it. None: nothing, and it is at `mark` from now on."""

    def write(self, moves: Sequence[Move]) -> None:
        """Remember them, MOST_MOVES at most; all of it or nothing."""


class RedisPlaces(Places):
    """Kept in Redis for so many seconds after a client was heard of."""

    def __init__(
        self,
        client: Client,
        key: str,
        seconds: float,
        most: int = MOST_CLIENTS,
        *,
        are_users: bool = False,
    ) -> None:
        keys = Keys(key)
        self._keys = [keys.places, keys.heard]
        if are_users:
            self._keys = [keys.inboxes, keys.heard_users]
        self._bounds = (round(seconds * 1000), most, token_hex(4))
        self._script = Script(client, source("places.lua"))

    def join(self, name: str, mark: Mark) -> Known | None:
        (found,) = self._run((name, str(mark), "", "join"))
        known, _, sent = found.decode().partition(" ")
        parsed = Mark.parse(known)
        return None if parsed is None else Known(parsed, Mark.parse(sent))

    def write(self, moves: Sequence[Move]) -> None:
        words: list[str] = []
        for name, mark, sent, how in moves:
            words += (name, str(mark), str(sent or ""), how)
        self._run(words)

    def _run(self, words: Iterable[str]) -> list[bytes]:
        # The same may be written twice: a place that is known moves no further by that.
        answer: list[bytes] = self._script.run(self._keys, (*self._bounds, *words), repeatable=True)
        return answer
