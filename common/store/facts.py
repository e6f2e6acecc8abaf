"""What a Redis says of itself: version, persistence, memory, clock. Nothing is written.

What this user may not ask is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter, time

import redis

from common.libraries.redis_connection import OwnConnection
from common.store.connect import connect
from common.store.redis_errors import redis_errors

ROUND_TRIPS = 5
ASKED_SECTIONS = ("server", "memory", "persistence", "replication")
ASKED_SETTINGS = ("appendfsync", "save")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """`milliseconds` of the quickest of a few round trips; `ahead` of our clock, in seconds.

    `info` and `settings` are empty where they may not be asked; `ahead` is None then.
    """

    milliseconds: float
    ahead: float | None = None
    info: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Such as `Valkey 9.1.0`; what it calls `redis_version` is older than that."""
        if "valkey_version" in self.info:
            return f"Valkey {self.info['valkey_version']}"
        return f"Redis {self.info.get('redis_version', '')}".rstrip()

    @property
    def version(self) -> tuple[int, ...]:
        """Of the Redis that it is or is like; empty if it is not told."""
        parts = self.info.get("redis_version", "").split(".")
        return tuple(int(each) for each in parts if each.isdecimal())

    def number(self, name: str) -> int:
        """A number of `info`; 0 if it is not told."""
        text = self.info.get(name, "")
        return int(text) if text.isdecimal() else 0


def ask_facts(url: str, timeout: float, key: str) -> Facts:
    """All that it says.

    Raises:
        QueueUnavailable: it does not answer.
    """
    with redis_errors():
        connection = OwnConnection(connect(url, timeout, 1, key).connection_pool)
        try:
            return Facts(
                milliseconds=_round_trip(connection),
                ahead=_ahead(connection),
                info=_info(connection),
                settings=_settings(connection),
            )
        finally:
            connection.close()


def _round_trip(connection: OwnConnection) -> float:
    found = []
    for _ in range(ROUND_TRIPS):
        began = perf_counter()
        _ask(connection, "ECHO", "x")
        found.append(perf_counter() - began)
    return min(found) * 1000


def _ahead(connection: OwnConnection) -> float | None:
    before = time()
    told = _ask(connection, "TIME")
    if not isinstance(told, list):
        return None
    return int(told[0]) + int(told[1]) / 1e6 - (before + time()) / 2


def _info(connection: OwnConnection) -> dict[str, str]:
    found: dict[str, str] = {}
    for section in ASKED_SECTIONS:
        told = _ask(connection, "INFO", section)
        if isinstance(told, bytes):
            lines = told.decode(errors="replace").splitlines()
            found |= dict(line.split(":", 1) for line in lines if ":" in line)
    return found


def _settings(connection: OwnConnection) -> dict[str, str]:
    found = {}
    for name in ASKED_SETTINGS:
        told = _ask(connection, "CONFIG", "GET", name)
        if isinstance(told, list) and len(told) == 2:
            found[name] = told[1].decode(errors="replace")
    return found


def _ask(connection: OwnConnection, *words: str) -> object:
    """None where the answer is an error: a refusal, above all."""
    try:
        return connection.exchange([words])[0]
    except redis.ResponseError:
        return None
