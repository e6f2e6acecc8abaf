"""The script that keeps places, and a model of it that knows no Redis; with hypothesis."""

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.message import LARGEST_HALF, Mark
from common.store.keys import Keys
from common.store.places import Move, RedisPlaces
from tests.support.places import FakePlaces

pytestmark = pytest.mark.integration

ids = st.sampled_from([0, 1, 9, 10, 11, 2**53 + 1, 2**63]) | st.integers(0, LARGEST_HALF)
marks = st.builds(
    lambda epoch, high, low: Mark(epoch, high << 64 | low),
    st.sampled_from(["", "e", "z", "1f", "20"]).filter(bool),
    ids,
    ids,
)
names = st.sampled_from(["abc", "abc/42", "abc/a@b.c"])
moves = st.builds(Move, names, marks, st.none() | marks, st.sampled_from(["move", "move", "set"]))
steps = st.lists(st.tuples(names, marks) | st.lists(moves, max_size=4), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_is_written_is_known_as_a_naive_model_knows_it(
    client: redis.Redis, key: str, steps: list[tuple[str, Mark] | list[Move]]
) -> None:
    client.delete(Keys(key).places, Keys(key).heard)
    places, model = RedisPlaces(client, key, 60), FakePlaces()

    for step in steps:
        if isinstance(step, tuple):
            assert places.join(*step) == model.join(*step)
        else:
            places.write(step)
            model.write(step)
