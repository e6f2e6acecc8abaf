"""How many messages are shown, and how many are left out."""

from http_api.watching.sample import Sample


def test_nothing_is_left_out_unless_a_sample_was_asked_for() -> None:
    everything = Sample(None, 0.0)

    assert everything.is_all
    assert everything.too_many(1_000_000, 0.0, is_end=False) == 0


def test_a_second_s_worth_is_shown_at_once_and_then_as_time_passes() -> None:
    sample = Sample(50, 0.0)

    assert not sample.is_all
    assert sample.too_many(30, 0.0, is_end=True) == 0
    assert sample.too_many(100, 0.0, is_end=True) == 80
    assert sample.too_many(100, 0.1, is_end=True) == 95
    assert sample.too_many(0, 0.1, is_end=True) == 0
    assert sample.too_many(100, 60.0, is_end=True) == 50


def test_what_newer_ones_follow_at_once_is_left_out_and_takes_no_room() -> None:
    sample = Sample(50, 0.0)

    assert sample.too_many(400, 0.0, is_end=False) == 400
    assert sample.too_many(60, 0.0, is_end=True) == 10
