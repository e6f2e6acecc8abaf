"""Errors of Redis, and of the way to it, as ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from redis.exceptions import AskError, NoScriptError

from common.errors import QueueUnavailable
from common.store.redis_words import known_words, own_words

# What the library says itself; all other errors repeat what Redis has answered.
OWN_PROBLEMS = (redis.ConnectionError, redis.TimeoutError, redis.DataError)


@dataclass(frozen=True, slots=True)
class Failure:
    """Instead of the answer to one of several commands."""

    reason: str
    is_forgotten: bool = False  # The server does not know the script: nothing was done.


@contextmanager
def redis_errors() -> Iterator[None]:
    """Every failure of Redis or of the way to it as `QueueUnavailable`."""
    try:
        yield
    except (redis.RedisError, OSError) as problem:
        # Not from the problem: Redis may have quoted a message in it, and tracebacks are logged.
        raise QueueUnavailable(told(problem)) from None


def failure(problem: Exception) -> Failure:
    """What Redis has answered to one command, or what has happened on the way."""
    return Failure(told(problem), isinstance(problem, NoScriptError))


def told(problem: Exception) -> str:
    """What may be told of a failure."""
    if isinstance(problem, AskError):  # A MovedError is one, too.
        return (
            f"the queue is at {problem.host}:{problem.port} of a cluster now "
            "(REDIS_URL must be redis+cluster://…, or the cluster is not followed)"
        )
    if isinstance(problem, OSError) or type(problem) in OWN_PROBLEMS:
        return own_words(str(problem)) or type(problem).__name__
    return known_words(str(problem), type(problem).__name__)
