import pytest

from config.errors import SettingsError
from config.load import parse

TOKEN = "a-token-of-prometheus"


def test_the_token_of_metrics_is_one_that_a_header_can_carry() -> None:
    assert parse({"METRICS_TOKEN": TOKEN}).metrics_token == TOKEN
    assert parse({}).metrics_token == ""


@pytest.mark.parametrize("wrong", ["too-short", "with a blank in it!", "name:0123456789abcdef"])
def test_another_one_is_refused_and_not_shown(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"^METRICS_TOKEN: must be 16 letters") as refused:
        parse({"METRICS_TOKEN": wrong})

    assert wrong not in str(refused.value)


def test_it_is_not_shown_with_the_other_settings() -> None:
    assert TOKEN not in repr(parse({"METRICS_TOKEN": TOKEN}))
