"""The rights on Redis that each process needs, as docs/security.md lists them, and their check.

Nothing is written in Redis to find out: it is asked for a dry run, or each command is tried where
it cannot be done; refusals stand in `ACL LOG`. A test compares the two lists with the document,
and another one runs with them.
"""

from collections.abc import Iterator, Sequence

import redis
from redis.exceptions import NoPermissionError

from common.libraries.redis_connection import OwnConnection
from common.store.connect import connect
from common.store.keys import Keys
from common.store.redis_errors import redis_errors

# Each with what follows the command in a try; K is the key.
OF_BOTH = {
    "lpush": "K x",
    "llen": "K",
    "eval": "return 1 K",
    "evalsha": f"{'0' * 40} 1 K",
    "get": "K",
    "set": "K x",
    "exists": "K",
    "smembers": "K",
    "hgetall": "K",
    "hget": "K x",
    "hmget": "K x",
    "hset": "K x y",
    "hexists": "K x",
    "hlen": "K",
    "hdel": "K x",
    "pexpire": "K 1",
    "zrange": "K 0 0",
    "time": "",
    "xinfo|stream": "K",
    "xrange": "K - +",
    "xrevrange": "K + -",
    "xread": "STREAMS K 0",
}
OF_HTTP = {
    "multi": "",
    "discard": "",
    "hscan": "K 0",
    "zrangebylex": "K - +",
    "zcard": "K",
    "info": "",
}
OF_WS = {
    "lrange": "K 0 0",
    "ltrim": "K 0 0",
    "blmove": "K K LEFT RIGHT 0.01",
    "xadd": "K * x y",
    "xtrim": "K MAXLEN 0",
    "script|load": "return",
    "del": "K",
    "unlink": "K",
    "sadd": "K x",
    "srem": "K x",
    "hrandfield": "K",
    "zadd": "K 0 x",
    "zrem": "K x",
}
TRIES = {**OF_BOTH, **OF_HTTP, **OF_WS}
PROCESSES = {"http": (*OF_BOTH, *OF_HTTP), "ws": (*OF_BOTH, *OF_WS)}

READS = ("exists", "get", "llen")
OUTSIDE = "message-center-doctor"  # A key that is not among ours.


def words_of(right: str, key: str) -> list[str]:
    """A command that needs this right."""
    arguments = TRIES[right].split()
    return [*right.upper().split("|"), *(key if each == "K" else each for each in arguments)]


def acl_line(user: str, key: str, rights: Sequence[str], db: int = 0) -> str:
    """What gives a user exactly these rights on exactly our keys."""
    allowed = [*rights, "select"] if db else rights
    commands = " ".join(f"+{each}" for each in dict.fromkeys(allowed))
    return f"ACL SETUSER {user} on >PASSWORD ~{key} ~{{{key}}}:* {commands}"


class Rights:
    """What the user of `url` may do there.

    Raises:
        QueueUnavailable: Redis does not answer.
    """

    def __init__(self, url: str, timeout: float, key: str) -> None:
        self._keys = Keys(key)
        with redis_errors():
            self._connection = OwnConnection(connect(url, timeout, 1, key).connection_pool)
        self.user = self._find_user()

    def missing(self) -> dict[str, list[str]] | None:
        """For each process what it may not do; None if this user cannot find out."""
        with redis_errors():
            denied = self._denied()
        if denied is None:
            return None
        found = {
            name: [each for each in all_ if each in denied] for name, all_ in PROCESSES.items()
        }
        return {name: rights for name, rights in found.items() if rights}

    def foreign_keys(self) -> list[str]:
        """Our keys that this user may not touch, of those two that stand for all."""
        with redis_errors():
            return [
                key
                for key in (self._keys.queue, self._keys.log)
                if "key" in self._refusal(["EXISTS", key])
            ]

    def close(self) -> None:
        """Close its connection."""
        self._connection.close()

    def _find_user(self) -> str:
        with redis_errors():
            try:
                return str(self._connection.exchange([("ACL", "WHOAMI")])[0].decode())
            except redis.ResponseError:
                return ""

    def _denied(self) -> set[str] | None:
        if self.user and not self._refusal(["ACL", "DRYRUN", self.user, "TIME"]):
            return set(self._by_dry_run())
        refusals = {right: self._refusal(words_of(right, OUTSIDE)) for right in READS}
        if any("key" in refusal for refusal in refusals.values()):
            return set(self._by_key())
        if all(refusals.values()):
            return set(READS)  # And who knows what else.
        if not self._refusal(["MULTI"]):
            return set(self._by_transaction())
        return None

    def _by_dry_run(self) -> Iterator[str]:
        for right in TRIES:
            words = words_of(right, self._keys.prefix + "doctor")
            if self._ask(["ACL", "DRYRUN", self.user, *words]) != b"OK":
                yield right

    def _by_key(self) -> Iterator[str]:
        """The user has no right to this key, so nothing is done; but the command comes first.

        DISCARD ends what MULTI, right before it, has begun.
        """
        for right in TRIES:
            if "run" in self._refusal(words_of(right, OUTSIDE)):
                yield right

    def _by_transaction(self) -> Iterator[str]:
        """Redis looks at the rights when a command enters a transaction, which is given up."""
        for right in TRIES:
            if right in ("multi", "discard"):
                continue  # Or this one could not be.
            if "run" in self._refusal(words_of(right, self._keys.prefix + "doctor")):
                yield right
        self._refusal(["DISCARD"])

    def _refusal(self, words: Sequence[str]) -> str:
        """Why the user may not do it; empty if it may, whatever has come of it."""
        try:
            self._connection.exchange([tuple(words)])
        except NoPermissionError as problem:
            return str(problem).replace("keys used as", "key") or "run"
        except redis.ResponseError:
            # A Redis that does not know it cannot be asked by it.
            return "run" if words[0] == "ACL" else ""
        return ""

    def _ask(self, words: Sequence[str]) -> object:
        try:
            return self._connection.exchange([tuple(words)])[0]
        except redis.ResponseError as problem:
            return str(problem)
