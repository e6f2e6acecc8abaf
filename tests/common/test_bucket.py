import pytest

from common.bucket import Bucket, Buckets


def passed(bucket: Bucket, amount: float, seconds: float, step: float) -> float:
    """How much passes to a caller that tries every `step` for so long."""
    ticks = range(round(seconds / step))
    return sum(amount for tick in ticks if not bucket.take(amount, tick * step))


def test_a_second_s_worth_passes_at_once_and_no_more() -> None:
    bucket = Bucket(5, now=0.0)

    assert [bucket.take(1, 0.0) for _ in range(5)] == [0.0] * 5
    assert bucket.take(1, 0.0) == pytest.approx(0.2)


def test_it_says_how_many_may_pass_and_takes_none() -> None:
    bucket = Bucket(5, now=0.0)

    assert [bucket.room(0.0) for _ in range(2)] == [5, 5]
    bucket.spend(4)
    assert bucket.room(0.1) == 1
    assert bucket.room(0.2) == 2
    bucket.spend(7)
    assert bucket.room(0.2) == 0
    assert bucket.room(60.0) == 5


def test_what_is_told_to_wait_may_pass_after_that_time() -> None:
    bucket = Bucket(3, now=0.0)
    bucket.take(3, 0.0)
    wait = bucket.take(2, 0.0)

    assert bucket.take(2, wait - 0.01) > 0
    assert bucket.take(2, wait) == 0.0


def test_less_than_one_a_second_still_lets_one_pass() -> None:
    bucket = Bucket(0.1, now=0.0)

    assert bucket.take(1, 0.0) == 0.0
    assert bucket.take(1, 0.0) == pytest.approx(10)
    assert bucket.take(1, 10.0) == 0.0


def test_a_pause_does_not_make_a_larger_burst() -> None:
    bucket = Bucket(5, now=0.0)

    assert passed(bucket, 1, seconds=0.001, step=0.001) == 1
    assert bucket.take(5, 3600.0) == 0.0
    assert bucket.take(1, 3600.0) > 0


def test_what_is_larger_than_the_bucket_passes_when_it_is_full_and_leaves_a_debt() -> None:
    bucket = Bucket(10, now=0.0)

    assert bucket.take(100, 0.0) == 0.0
    assert bucket.take(1, 0.0) == pytest.approx(9.1)
    assert bucket.take(100, 9.9) > 0
    assert bucket.take(100, 10.0) == 0.0


def test_what_is_larger_than_the_bucket_waits_until_it_is_full() -> None:
    bucket = Bucket(10, now=0.0)
    bucket.take(4, 0.0)

    assert bucket.take(100, 0.0) == pytest.approx(0.4)
    assert bucket.take(100, 0.4) == 0.0


@pytest.mark.parametrize(("rate", "amount"), [(7, 1), (7, 3), (7, 50), (0.5, 1), (250.0, 1000)])
def test_the_average_holds(rate: float, amount: int) -> None:
    seconds = 1000

    assert passed(Bucket(rate, now=0.0), amount, seconds, step=0.01) == pytest.approx(
        rate * seconds, rel=0.1
    )


def test_a_refusal_costs_nothing() -> None:
    bucket = Bucket(1, now=0.0)
    bucket.take(1, 0.0)
    for _ in range(100):
        bucket.take(1, 0.5)

    assert bucket.take(1, 1.0) == 0.0


def test_each_caller_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(1)
    buckets.of("a", 0.0).spend(1)

    assert buckets.of("a", 0.0).wait(1, 0.0) == pytest.approx(1)
    assert buckets.of("b", 0.0).wait(1, 0.0) == 0.0


def test_time_refills_them() -> None:
    buckets = Buckets(1)
    buckets.of("a", 0.0).spend(1)

    assert buckets.of("a", 1.0).wait(1, 1.0) == 0.0


def test_the_caller_that_was_away_for_longest_is_forgotten_first() -> None:
    buckets = Buckets(1, most=2)
    for key in "ab":
        buckets.of(key, 0.0).spend(1)
    buckets.of("a", 0.0)  # So `b` has been away for longer.
    buckets.of("c", 0.0)

    assert len(buckets) == 2
    assert buckets.of("a", 0.0).wait(1, 0.0) > 0
    assert buckets.of("b", 0.0).wait(1, 0.0) == 0.0


def test_memory_has_a_bound() -> None:
    buckets = Buckets(1, most=100)
    for number in range(1000):
        buckets.of(str(number), 0.0)

    assert len(buckets) == 100
