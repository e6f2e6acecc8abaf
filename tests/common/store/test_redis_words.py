"""No word of a message gets out of an error of Redis, and what helps does."""

import traceback

import pytest
import redis
from redis._parsers.base import BaseParser

from common.errors import QueueUnavailable
from common.store.redis_errors import redis_errors
from common.store.redis_words import own_words

SECRET = "PRIVATE-4711"


def parsed(line: str) -> Exception:
    """As the driver makes an exception of an error that Redis has answered."""
    problem: Exception = BaseParser.parse_error(line)
    return problem


def told(problem: Exception) -> str:
    with pytest.raises(QueueUnavailable) as caught, redis_errors():
        raise problem
    return "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "line",
    [
        f"ERR unknown command 'LPUSH', with args beginning with: 'key' '{SECRET}' ",
        f"ERR unknown command `LPUSH`, with args beginning with: `key`, `{SECRET}`, ",
        f"ERR unknown command '{SECRET}', with args beginning with: 'key' ",
        f"ERR invalid command: LPUSH key {SECRET}",
        f"{SECRET} is not allowed",
        f"ERR {SECRET}",
        f"OOM {SECRET}",
        f"NOPERM {SECRET}\r\n[2026-01-01] forged",
        f"WRONGTYPE {SECRET}",
        f"MISCONF {SECRET}\x1b[31m",
    ],
)
def test_what_redis_quotes_is_not_told(line: str) -> None:
    text = told(parsed(line))

    assert SECRET not in text
    assert "forged" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ERR unknown command 'LPUSH', with args beginning with: 'a' ", "unknown command 'LPUSH'"),
        (
            "NOPERM this user has no permissions to run the 'lpush' command",
            "NOPERM this user has no permissions to run the 'lpush' command",
        ),
        (
            "NOPERM User mc has no permissions to run the 'script|load' command",
            "NOPERM User mc has no permissions to run the 'script|load' command",
        ),
        (
            "ERR ACL failure in script: User u has no permissions to run the 'xadd' command "
            "script: on @user_script:1.",
            "User u has no permissions to run the 'xadd' command",
        ),
        (
            "ERR Error running script (call to f_0): @user_script:12: WRONGTYPE Operation against "
            "a key holding the wrong kind of value",
            "Operation against a key holding the wrong kind of value",
        ),
        (
            "OOM command not allowed when used memory > 'maxmemory'.",
            "OOM command not allowed when used memory > 'maxmemory'",
        ),
        (
            "READONLY You can't write against a read only replica.",
            "READONLY You can't write against a read only replica",
        ),
        (
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "
            "persist on disk. Commands …",
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "
            "persist on disk",
        ),
        (
            "NOREPLICAS Not enough good replicas to write.",
            "NOREPLICAS Not enough good replicas to write",
        ),
        ("NOAUTH Authentication required.", "Authentication required"),
        ("BUSY Redis is busy running a script. You can …", "BUSY Redis is busy running a script"),
    ],
)
def test_what_helps_is_told(line: str, words: str) -> None:
    with pytest.raises(QueueUnavailable) as caught, redis_errors():
        raise parsed(line)

    assert caught.value.reason.endswith(words)


def test_what_the_driver_says_itself_is_told_in_one_line() -> None:
    assert "Connection refused" in told(redis.ConnectionError("Error 111: Connection refused"))
    assert own_words("a\r\nb\x1b" + "x" * 2000) == "a  b " + "x" * 995


def test_an_answer_that_is_no_answer_of_redis_is_not_told() -> None:
    assert SECRET not in told(redis.InvalidResponse(f"Protocol Error: {SECRET}"))
