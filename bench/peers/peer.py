"""What a peer is to the scenarios: a name, and how to find and start it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bench.lab import Lab
from bench.subject import Subject


@dataclass(frozen=True)
class Peer:
    """`find` says whether it can be started here; `serving` has it on the server's core."""

    name: str
    find: Callable[[], bool]
    version: Callable[[], str]
    serving: Callable[[Lab], AbstractContextManager[Subject]]
