from typing import Any

import pytest

from config.cli.doctor.dialects import dialect_findings, is_weak
from config.settings import Settings

STRONG = "278d525bdf162c739803"
TOKENS: dict[str, Any] = {"push_tokens": (("me", "0123456789abcdef"),)}
WELL: dict[str, Any] = {
    "pusher_apps": (("1", "app-key", STRONG),),
    "delivery": "instant",
    **TOKENS,
}


@pytest.mark.parametrize("settings", [{}, WELL, {"socket_io": True, "delivery": "instant"}])
def test_of_good_settings_nothing_is_said(settings: dict[str, Any]) -> None:
    assert list(dialect_findings(Settings(**settings))) == []


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"push_tokens": ()}, "PUSH_TOKENS is not"),
        ({"subscribe_secret": "s" * 32}, "listeners need a token, but"),
        ({"subscribe_jwks_file": "keys.json"}, "listeners need a token, but"),
        ({"delivery": "timer"}, "PUSHER_APPS with DELIVERY=timer"),
        ({"pusher_apps": (), "socket_io": True, "delivery": "timer"}, "SOCKET_IO with DELIVERY"),
        ({"socket_io": True, "delivery": "timer"}, "PUSHER_APPS and SOCKET_IO with DELIVERY"),
        ({"pusher_apps": (*WELL["pusher_apps"], ("7", "k", "12345678"))}, "application 7"),
    ],
)
def test_what_is_unwise_is_a_note_with_what_to_do(settings: dict[str, Any], named: str) -> None:
    (finding,) = dialect_findings(Settings(**{**WELL, **settings}))

    assert finding.level == "note"
    assert named in finding.found
    assert finding.do


@pytest.mark.parametrize(
    ("secret", "weak"),
    [
        (STRONG, False),
        (STRONG[:-1], True),
        ("ab" * 20, True),
        ("a-key-of-twenty-or-so", True),
        ("change-me-0123456789-x", True),
        ("MySuperSecret-98231-xyz", True),
    ],
)
def test_a_secret_is_weak_if_it_can_be_guessed(secret: str, weak: bool) -> None:
    assert is_weak("a-key-of-twenty-or-so", secret) is weak


def test_no_secret_is_shown() -> None:
    secret = "a-secret-of-an-application"
    found = dialect_findings(Settings(pusher_apps=(("1", "k", secret),)))

    assert not any(secret in each.line() for each in found)
