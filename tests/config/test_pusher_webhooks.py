import pytest

from config.errors import SettingsError
from config.load import parse

SECRET = "7ad3773142a6692b25b8"
APPS = {"PUSHER_APPS": f"3:a:{SECRET},shop:b:{SECRET}"}


def test_each_application_has_an_address() -> None:
    written = "3:https://example.com/hook?token=geheim, shop:http://127.0.0.1:8000"

    settings = parse({**APPS, "PUSHER_WEBHOOKS": written})
    assert settings.pusher_webhooks == (
        ("3", "https://example.com/hook?token=geheim"),
        ("shop", "http://127.0.0.1:8000"),
    )
    assert "geheim" not in repr(settings)
    assert parse(APPS).pusher_webhooks == ()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("https://example.com/geheim", "the address of webhook 1"),
        ("3:https://a.example.com,shop:ftp://geheim", "the address of webhook 2"),
        ("3:https://user:geheim@example.com/", "the address of webhook 1"),
        ("3:https://example.com/#geheim", "the address of webhook 1"),
        ("3:https://example.com:geheim/", "the address of webhook 1"),
        ("3:https://[geheim/", "the address of webhook 1"),
        ("3:https:///geheim", "the address of webhook 1"),
        ("3:https://example.com/ge heim", "the address of webhook 1"),
        ("3:https://example.com/é", "the address of webhook 1"),
        ("3:https://a.example.com,3:https://geheim", "has the same id twice"),
        ("4:https://geheim", "has the id 4, which no application in PUSHER_APPS has"),
    ],
)
def test_a_wrong_one_is_refused_and_no_address_is_shown(wrong: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why) as refused:
        parse({**APPS, "PUSHER_WEBHOOKS": wrong})

    assert str(refused.value).startswith("PUSHER_WEBHOOKS: ")
    assert "geheim" not in str(refused.value)
