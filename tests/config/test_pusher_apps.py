import pytest

from common import channels
from config.errors import SettingsError
from config.load import parse
from config.pusher_apps import TAKEN

SECRET = "7ad3773142a6692b25b8"


def test_each_application_is_an_id_a_key_and_a_secret() -> None:
    written = f"3:key:{SECRET}, shop:key.2:!+/{SECRET}=,"

    assert parse({"PUSHER_APPS": written}).pusher_apps == (
        ("3", "key", SECRET),
        ("shop", "key.2", f"!+/{SECRET}="),
    )
    assert parse({}).pusher_apps == parse({"PUSHER_APPS": ""}).pusher_apps == ()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (f"3:{SECRET}", "application 1 has another shape"),
        (f"3:key:{SECRET}:more", "application 1 has another shape"),
        (f"1:a:{SECRET},3:k ey:{SECRET}", "the key of application 2 is not"),
        (f"a/b:key:{SECRET}", "the id of application 1 is not"),
        (f":key:{SECRET}", "the id of application 1 is not"),
        ("3:key:short", "the secret of application 1 is not"),
        (f"3:key:{SECRET}\u00e9", "the secret of application 1 is not"),
        (f"3:a:{SECRET},3:b:{SECRET}", "has the same id twice"),
        (f"3:a:{SECRET},4:a:{SECRET}", "has the same key twice"),
        (f"user:key:{SECRET}", "cannot have the id user"),
        (f"members:key:{SECRET}", "cannot have the id members"),
        (f"sync:key:{SECRET}", "cannot have the id sync"),
    ],
)
def test_a_wrong_one_is_refused_and_no_secret_is_shown(wrong: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why) as refused:
        parse({"PUSHER_APPS": wrong})

    assert str(refused.value).startswith("PUSHER_APPS: ")
    assert SECRET not in str(refused.value)
    assert "short" not in str(refused.value)


def test_they_are_not_shown_with_the_other_settings() -> None:
    assert SECRET not in repr(parse({"PUSHER_APPS": f"3:key:{SECRET}"}))


def test_limits_by_token_have_an_effect_with_applications_alone() -> None:
    limits = {"TOKEN_REQUESTS_PER_SECOND": "5"}

    assert parse({**limits, "PUSHER_APPS": f"3:key:{SECRET}"}).token_requests_per_second == 5
    with pytest.raises(SettingsError, match="has no effect"):
        parse(limits)


def test_no_application_has_names_that_mean_something_else() -> None:
    assert set(TAKEN) == {
        name.rstrip(":") for name in (channels.USER, channels.MEMBERS, channels.SYNC)
    }
