"""The names in a soak."""

from random import Random

from bench.soak.names import channel, channels_for, user_for


def test_some_names_come_again_and_others_only_once() -> None:
    random = Random(1)

    users = [user_for(random, number) for number in range(1000)]

    assert 400 < sum(user.startswith("once-") for user in users) < 600
    assert any(channels_for(random, 7) == "room.7,news.0" for _ in range(100))
    assert any(channel(random, 7) == "room.7" for _ in range(100))
