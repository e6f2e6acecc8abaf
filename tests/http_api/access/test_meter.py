import logging

import pytest

from common.refused import Refused
from http_api.access.meter import MESSAGES, REQUESTS, Meter
from tests.support.fakes import FakeClock

ANN, BOB = {"token": "ann"}, {"token": "bob"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_without_rates_there_is_nothing_to_ask(clock: FakeClock) -> None:
    meter = Meter(REQUESTS, {"token": 0.0, "address": 0.0}, clock)

    assert not meter
    assert not meter.counts("token")
    meter.count(ANN, 1_000_000)


def test_what_is_too_much_is_refused_until_it_is_due(clock: FakeClock) -> None:
    meter = Meter(MESSAGES, {"token": 10.0}, clock)
    meter.count(ANN, 10)

    with pytest.raises(Refused) as refused:
        meter.count(ANN, 5)

    assert (refused.value.status, refused.value.error) == (429, "too_many_messages")
    assert "at most 10 messages a second are taken from one token" in str(refused.value)
    assert refused.value.headers["Retry-After"] == "1"
    clock.now += 0.5
    meter.count(ANN, 5)


def test_each_caller_has_its_own(clock: FakeClock) -> None:
    meter = Meter(REQUESTS, {"token": 1.0}, clock)
    meter.count(ANN, 1)
    meter.count(BOB, 1)

    with pytest.raises(Refused):
        meter.count(ANN, 1)


def test_a_kind_of_caller_that_has_no_limit_or_is_not_known_does_not_count(
    clock: FakeClock,
) -> None:
    meter = Meter(REQUESTS, {"token": 1.0, "address": 0.0}, clock)

    assert meter.counts("token")
    assert not meter.counts("address")
    for _ in range(10):
        meter.count({"address": "127.0.0.1"}, 1)


def test_what_one_of_two_callers_may_not_costs_the_other_nothing(clock: FakeClock) -> None:
    meter = Meter(REQUESTS, {"address": 2.0, "token": 1.0}, clock)
    meter.count({"address": "a", "token": "ann"}, 1)
    for _ in range(10):
        with pytest.raises(Refused, match="from one token"):
            meter.count({"address": "a", "token": "ann"}, 1)

    meter.count({"address": "a", "token": "bob"}, 1)


def test_who_was_refused_is_told_to_who_debugs_alone(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    meter = Meter(REQUESTS, {"token": 1.0}, clock)
    meter.count(ANN, 1)
    with pytest.raises(Refused):
        meter.count(ANN, 1)

    assert caplog.record_tuples == [
        ("http_api.access.meter", logging.DEBUG, "too_many_requests of token ann")
    ]
