"""What each process says of itself every few seconds, in Redis, and what can be seen of the whole.

A beat is a small JSON object. It counts for BEAT_LASTS seconds: a process that was killed is gone
then. What stands in a beat is decided in `common.store.pulse`, and read in
`http_api.watching.stats`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

from common.errors import QueueUnavailable
from common.message import parse_id
from common.store.connect import Client
from common.store.keys import Keys
from common.store.redis_errors import redis_errors
from common.store.script import Script, source

BEAT_LASTS = 7.0  # Seconds.
SWEEP_EVERY = 8  # Beats of a process.
MOST_COMPARED = 20_000  # Names of users, or of channels, to count each of them once.

Said = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """How many messages wait at a time, in milliseconds; and how many ever entered the log."""

    time: int
    added: int | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Beat:
    """What a process said of itself, so many seconds ago."""

    process: str
    age: float
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything at one moment. `first` and `last` are ids of the log; 0 while it is empty."""

    sample: Sample
    log_length: int = 0
    log_bytes: int | None = None  # Nobody has counted all of them yet.
    first: int = 0
    last: int = 0
    epoch: str = ""
    users: int = 0
    channels: int = 0
    is_exact: bool = True  # Else somebody with connections to several processes counts in each.
    beats: list[Beat] = field(default_factory=list)


class Beats(Protocol):
    """Where processes say what they are.

    Raises:
        QueueUnavailable: by each of the methods but `server_version`, if Redis did not answer.
    """

    def beat(self, process: str, said: Said) -> Sample:
        """Say it anew."""

    def leave(self, process: str) -> None:
        """The process ends."""

    def read(self) -> Whole:
        """What all of them said, the queue, the log and the people."""

    def round_trip(self) -> float:
        """Seconds that Redis takes to answer."""

    def server_version(self) -> str:
        """As `Valkey 9.0.1`; empty if Redis does not tell."""


class RedisBeats(Beats):
    """In one hash of Redis."""

    def __init__(self, client: Client, key: str) -> None:
        self._redis = client
        self._keys = keys = Keys(key)
        self._beat_keys = [keys.beats, keys.queue, keys.wip, keys.log]
        self._read_keys = [*self._beat_keys, keys.epoch, keys.processes, keys.bytes]
        self._beat = Script(client, source("beat.lua"))
        self._read = Script(client, source("stats.lua"))
        self._beaten = 0
        self._lasts = round(BEAT_LASTS * 1000)

    def beat(self, process: str, said: Said) -> Sample:
        text = json.dumps(said, separators=(",", ":"))
        sweeps = int(self._beaten % SWEEP_EVERY == 0)
        self._beaten += 1
        words = (process, text, self._lasts, sweeps)
        return _sample(self._beat.run(self._beat_keys, words, repeatable=True))

    def leave(self, process: str) -> None:
        with redis_errors():
            self._redis.hdel(self._keys.beats, process)

    def read(self) -> Whole:
        words = (self._keys.prefix, self._lasts, MOST_COMPARED)
        answer = self._read.run(self._read_keys, words, repeatable=True)
        now, waiting, length, first, last, added, epoch, users, channels, exact, size, *beats = (
            answer
        )
        pairs = zip(beats[::2], beats[1::2], strict=True)
        return Whole(
            sample=_sample((now, added, waiting)),
            log_length=length,
            log_bytes=None if size < 0 else size,
            first=parse_id(first) if first else 0,
            last=parse_id(last) if last else 0,
            epoch=epoch.decode().partition(" ")[0],
            users=users,
            channels=channels,
            is_exact=bool(exact),
            beats=[_beat(process.decode(), beat, now) for process, beat in pairs],
        )

    def round_trip(self) -> float:
        began = perf_counter()
        with redis_errors():
            self._redis.llen(self._keys.queue)
        return perf_counter() - began

    def server_version(self) -> str:
        try:
            with redis_errors():
                told: Any = self._redis.info("server")
        except QueueUnavailable:  # Perhaps there is no right to ask.
            return ""
        if "valkey_version" in told:
            return f"Valkey {told['valkey_version']}"
        return f"Redis {told.get('redis_version', '')}".strip()


def _sample(answer: Any) -> Sample:
    now, added, waiting = answer
    return Sample(now, None if added < 0 else added, waiting)


def _beat(process: str, beat: bytes, now: int) -> Beat:
    when, _, text = beat.partition(b" ")
    return Beat(process, max(0, now - int(when)) / 1000, json.loads(text))
