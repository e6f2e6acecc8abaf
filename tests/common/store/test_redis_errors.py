"""Errors of Redis as ours. What of their text is told: test_redis_words.py."""

import pytest
import redis
from redis.exceptions import AskError, MovedError

from common.errors import QueueUnavailable
from common.store.redis_errors import redis_errors, told

FAILURES = [
    redis.ConnectionError("Error 111: Connection refused"),
    redis.TimeoutError("Timeout reading from socket"),
    redis.ResponseError("ERR syntax error"),
    ConnectionResetError(104, "Connection reset by peer"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_every_failure_is_an_unavailable_queue_and_keeps_no_text_of_redis(
    failure: Exception,
) -> None:
    with pytest.raises(QueueUnavailable) as caught, redis_errors():
        raise failure

    assert caught.value.reason == told(failure)
    assert caught.value.__cause__ is None  # Redis may have quoted a message in it.
    assert caught.value.__suppress_context__


def test_what_is_no_failure_of_redis_is_left_alone() -> None:
    with pytest.raises(ZeroDivisionError), redis_errors():
        raise ZeroDivisionError


def test_a_failure_without_words_is_named() -> None:
    assert told(redis.TimeoutError()) == "TimeoutError"


@pytest.mark.parametrize("kind", [MovedError, AskError])
def test_a_node_of_a_cluster_that_was_taken_for_a_single_redis_is_named(
    kind: type[AskError],
) -> None:
    with (
        pytest.raises(QueueUnavailable, match=r"10\.0\.0\.2:6379 .*redis\+cluster://"),
        redis_errors(),
    ):
        raise kind("6259 10.0.0.2:6379")
