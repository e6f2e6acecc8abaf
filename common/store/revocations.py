"""Which tokens of listeners count no more, in Redis: bounded in number, and each in time.

One that is revoked twice is revoked until the later time. What a token is, and who may revoke it,
is decided elsewhere.
"""

from collections.abc import Sequence
from time import time
from typing import Any, Protocol

from common.revocation import Revocation
from common.store.connect import Client
from common.store.keys import Keys
from common.store.redis_errors import redis_errors
from common.store.script import Script, source

MOST = 10_000  # A look at all of them takes Redis 3 ms, and a process 10.
VERSION = b""  # The field of the hash.


class Revocations(Protocol):
    """Where they are kept.

    Raises:
        QueueUnavailable: by each of the methods, if Redis did not confirm it.
    """

    def add(self, wanted: Revocation) -> Revocation | None:
        """Revoke; what counts from now on. None: there are MOST already."""

    def remove(self, kind: str, name: str) -> bool:
        """Take it back; whether there was one."""

    def all(self) -> list[Revocation]:
        """Those that count, sorted by kind and name."""

    def changed_since(self, version: bytes | None) -> tuple[bytes, Sequence[Revocation]] | None:
        """The version now and all that count; None if `version` is still the one."""


class RedisRevocations(Revocations):
    """In one hash."""

    def __init__(self, client: Client, key: str) -> None:
        self._client = client
        self._key = Keys(key).revocations
        self._script = Script(client, source("revocations.lua"))

    def add(self, wanted: Revocation) -> Revocation | None:
        words = (f"{wanted.kind}:{wanted.name}", wanted.before, wanted.until, MOST)
        # Again does no harm: it is the same then.
        now = self._script.run([self._key], words, repeatable=True)
        return wanted._replace(before=int(now[0]), until=int(now[1])) if now else None

    def remove(self, kind: str, name: str) -> bool:
        return bool(self._script.run([self._key], (f"{kind}:{name}", 0, 0, MOST), repeatable=True))

    def all(self) -> list[Revocation]:
        return self._read()[1]

    def changed_since(self, version: bytes | None) -> tuple[bytes, Sequence[Revocation]] | None:
        with redis_errors():
            found: Any = self._client.hget(self._key, "") or b""
        return None if found == version else self._read()

    def _read(self) -> tuple[bytes, list[Revocation]]:
        with redis_errors():
            found: Any = self._client.hgetall(self._key)
        version, now = found.pop(VERSION, b""), time()
        read = (_read_one(field, value) for field, value in found.items())
        return version, sorted(each for each in read if each.until > now)


def _read_one(field: bytes, value: bytes) -> Revocation:
    kind, _, name = field.decode(errors="replace").partition(":")
    before, until, made = map(int, value.split())
    return Revocation(kind, name, before, until, made)
