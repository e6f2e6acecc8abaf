"""Somebody else at Valkey, who may do everything there: takes rights away, trims, throws out.

Each of its orders says whether Valkey has obeyed: it may be down. It waits for
nothing for long, as the stage waits for it.
"""

import socket
from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chaos.kept import LOG, QUEUE
from chaos.plan import Act, Strike

USER = "center"  # Of our processes; it has all rights at the start.
NO_ENVELOPE = b"\x1e{cut off"  # It has the mark of one, and cannot be read.
TIMEOUT = 1.0  # Seconds.
ROOM = 16 * 1024  # Bytes that still fit into a Valkey that is full.
ONCE = f"{{{QUEUE.decode()}}}:once:*"
KEYS = {each: f"{{{QUEUE.decode()}}}:{each}" for each in ("floor", "epoch", "log", "wip")}


class Meddler:
    """One connection, opened again as needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        # Half of redis-py has no types.
        self._redis: Any = redis.Redis(
            port=port,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )

    def do(self, strike: Strike) -> bool:
        """Take, trim or throw out, as the strike says."""
        match strike.act:
            case Act.FORBID:
                return self._try(lambda: self._forbid(strike.how))
            case Act.TRIM:
                return self._try(lambda: self._redis.xtrim(LOG, int(strike.how), approximate=False))
            case _:
                names = ("floor", "epoch", "log") if strike.how == "all" else (strike.how,)
                return self._try(lambda: self._redis.delete(*(KEYS[name] for name in names)))

    def undo(self, strike: Strike) -> bool:
        """Give back what can be given back."""
        if strike.act is not Act.FORBID:
            return True
        return self._try(lambda: self._grant(f"+{strike.how}"))

    def fill(self, policy: str) -> bool:
        """From now on it is full, nearly."""
        return self._try(lambda: self._fill(policy))

    def empty(self) -> bool:
        """There is room again, and what it has is safe."""
        return self._try(lambda: self._bound(0, "noeviction"))

    def evicted(self) -> int:
        """How many keys it has thrown away since it was started; 0 if it does not say."""
        try:
            return int(self._redis.info("stats")["evicted_keys"])
        except redis.RedisError:
            return 0

    def is_full(self) -> bool:
        """Whether it refuses to take more."""
        try:
            self._redis.set("chaos", "x")
        except redis.exceptions.OutOfMemoryError:
            return True
        except redis.RedisError:
            return False
        return False

    def waiting(self) -> int:
        """How many messages are queued; one if it does not say."""
        try:
            return int(self._redis.llen(QUEUE)) + int(self._redis.llen(KEYS["wip"]))
        except redis.RedisError:
            return 1

    def pause(self, seconds: float) -> bool:
        """For so long no command is answered, not even one to end that."""
        return self._try(lambda: self._redis.client_pause(round(seconds * 1000)))

    def sleep(self, seconds: float) -> bool:
        """It does nothing at all for so long; nobody waits for its answer."""
        with socket.create_connection(("127.0.0.1", self._port), TIMEOUT) as line:
            line.sendall(f"DEBUG SLEEP {seconds:.3f}\r\n".encode())
        return True

    def close(self) -> None:
        self._redis.close()

    def _forbid(self, what: str) -> None:
        # It must be set aside, now or later, and be in nobody's way.
        self._redis.lpush(QUEUE, NO_ENVELOPE)
        self._grant(f"-{what}")

    def _grant(self, rule: str) -> None:
        self._redis.execute_command("ACL", "SETUSER", USER, rule)

    def _fill(self, policy: str) -> None:
        if policy != "noeviction":
            # There are so many ids of pushes that nothing else would be thrown away.
            for name in self._redis.scan_iter(match=ONCE, count=1000):
                self._redis.delete(name)
        self._bound(self._redis.info("memory")["used_memory"] + ROOM, policy)

    def _bound(self, size: int, policy: str) -> None:
        self._redis.config_set("maxmemory", size, "maxmemory-policy", policy)

    def _try(self, order: Callable[[], object]) -> bool:
        try:
            order()
        except redis.RedisError:
            return False
        return True
