"""Whatever is pushed and settled, the age of the oldest message is known."""

from hypothesis import given
from hypothesis import strategies as st

from common.store.beats import Sample
from common.store.queue_age import QueueAge


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=30))
def test_it_is_never_said_to_be_older_than_it_is(rounds: list[tuple[int, int]]) -> None:
    age, queue, added = QueueAge(), list[int](), 0
    for second, (pushed, settled) in enumerate(rounds):
        queue += [second] * pushed
        added += len(queue[:settled])
        del queue[:settled]
        sample = Sample(second * 1000, added, len(queue))
        told = age.seconds(sample)
        age.note(sample)

        assert (told is None) == (not queue)
        assert told is None or told == second - queue[0]
