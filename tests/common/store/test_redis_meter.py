"""What is counted of the way to Redis, and under which names."""

from collections.abc import Callable

import pytest
import redis

from common.errors import QueueUnavailable
from common.metrics.numbers import Numbers
from common.store.connect import connect
from common.store.line import Line
from common.store.redis_meter import MeteredClient, RedisMeter, add_redis, meter_of
from common.store.script import Script, source


def times(meter: RedisMeter) -> dict[str, int]:
    return {name: sum(buckets.counts) for name, buckets in meter.seconds.items()}


@pytest.fixture
def counted(client: redis.Redis) -> MeteredClient:
    assert isinstance(client, MeteredClient)
    client.meter = RedisMeter()
    return client


def test_commands_count_under_their_names_and_scripts_under_theirs(
    counted: MeteredClient, key: str
) -> None:
    counted.llen(key)
    counted.script_flush()
    for _ in range(2):
        Script(counted, source("newest.lua")).run([key], ("0-0", 1, 1), repeatable=True)
    Line(counted).call(("LLEN", key), ("LLEN", key))

    assert times(counted.meter) == {"llen": 2, "script flush": 1, "newest": 2}
    assert counted.meter.errors == {}


def test_errors_count_too_and_no_answer_has_no_time(counted: MeteredClient, key: str) -> None:
    counted.lpush(key, "a")
    with pytest.raises(redis.ResponseError):
        counted.get(key)
    with pytest.raises(QueueUnavailable):
        Line(counted).call(("GET", key))

    assert counted.meter.errors == {"get": 2}
    assert times(counted.meter) == {"lpush": 1}


def test_who_waits_on_purpose_has_no_time(counted: MeteredClient, key: str) -> None:
    Line(counted).call(("XREAD", "BLOCK", 1, "STREAMS", key, "0"))
    Line(counted).ask(("LLEN", key), after=("BLPOP", key, 0.001))()

    assert times(counted.meter) == {}


@pytest.mark.parametrize(
    "use", [lambda client: Line(client).call(("PING",)), lambda client: client.ping()]
)
def test_without_redis_there_is_an_error(
    address_of_nobody: str, use: Callable[[redis.Redis], object]
) -> None:
    client = connect(address_of_nobody, timeout=1, connections=1)

    with pytest.raises((QueueUnavailable, redis.ConnectionError)):
        use(client)

    assert client.meter.errors.total() == 1


def test_it_is_shown_and_a_client_that_nobody_counts_is_none_of_it() -> None:
    numbers, meter = Numbers(), meter_of(redis.Redis())
    meter.errors["lpush"] += 1
    add_redis(numbers, meter)

    assert numbers.snapshot() == {"redis_errors_total": {"lpush": 1}, "redis_seconds": {}}
