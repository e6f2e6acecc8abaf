"""How old the queue is, by what waited and what was settled."""

from common.store.beats import Sample
from common.store.queue_age import MOST, QueueAge


def age_after(*samples: Sample) -> float | None:
    age = QueueAge()
    for sample in samples[:-1]:
        age.note(sample)
    return age.seconds(samples[-1])


def test_an_empty_queue_has_no_age() -> None:
    assert age_after(Sample(0, 0, 5), Sample(1000, 5, 0)) is None


def test_what_is_not_settled_gets_older() -> None:
    assert age_after(Sample(0, 10, 3), Sample(2000, 10, 4), Sample(4000, 10, 9)) == 4


def test_once_it_is_settled_the_next_one_counts() -> None:
    assert age_after(Sample(0, 10, 3), Sample(2000, 11, 5), Sample(4000, 13, 4)) == 2


def test_what_came_since_the_last_sample_is_new() -> None:
    assert age_after(Sample(0, 10, 3), Sample(2000, 13, 4)) == 0


def test_a_redis_that_does_not_count_is_not_asked_for_more() -> None:
    assert age_after(Sample(0, None, 3), Sample(2000, None, 3)) is None


def test_a_redis_that_began_anew_makes_nobody_old() -> None:
    assert age_after(Sample(0, 10, 3), Sample(2000, 0, 3)) == 0


def test_an_old_queue_keeps_its_age_though_only_some_samples_are_kept() -> None:
    age = QueueAge()
    for number in range(10 * MOST):
        age.note(Sample(number * 1000, 5, 1))

    assert age.seconds(Sample(10 * MOST * 1000, 5, 1)) == 10 * MOST
