"""Errors of Redis, and of the way to it, as ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.exceptions import AskError

from common.errors import QueueUnavailable
from common.store.redis_words import known_words, own_words

# What the library says itself; all other errors repeat what Redis has answered.
OWN_PROBLEMS = (redis.ConnectionError, redis.TimeoutError, redis.DataError)


@contextmanager
def redis_errors() -> Iterator[None]:
    """Every failure of Redis or of the way to it as `QueueUnavailable`."""
    try:
        yield
    except AskError as moved:  # A MovedError is one, too.
        raise QueueUnavailable(
            f"the queue is at {moved.host}:{moved.port} of a cluster now "
            "(REDIS_URL must be redis+cluster://…, or the cluster is not followed)"
        ) from None
    except (redis.RedisError, OSError) as problem:
        # Not from the problem: Redis may have quoted a message in it, and tracebacks are logged.
        raise QueueUnavailable(told(problem)) from None


def told(problem: Exception) -> str:
    """What may be told of a failure."""
    if isinstance(problem, OSError) or type(problem) in OWN_PROBLEMS:
        return own_words(str(problem)) or type(problem).__name__
    return known_words(str(problem), type(problem).__name__)
