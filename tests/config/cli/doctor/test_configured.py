from typing import Any

import pytest

from config.cli.doctor.configured import settings_findings
from config.cli.doctor.finding import Finding
from config.errors import SettingsError
from config.settings import Settings

SAFE: dict[str, Any] = {
    "ws_host": "0.0.0.0",
    "subscribe_secret": "s" * 32,
    "allowed_origins": ("https://a.example",),
    "push_tokens": (("me", "0123456789abcdef"),),
}


def found(**settings: Any) -> list[Finding]:
    return list(settings_findings(Settings(**settings), [], {}, embedded=True))


@pytest.mark.parametrize("settings", [{}, SAFE])
def test_of_good_settings_nothing_else_is_said(settings: dict[str, Any]) -> None:
    assert [each.level for each in found(**settings)] == ["ok"]


def test_every_problem_is_said() -> None:
    problems = [SettingsError("HTTP_PORT", "must be a number"), SettingsError("X", "is none")]

    settings = Settings(http_host="0.0.0.0", ws_port=2346)
    findings = list(settings_findings(settings, problems, {}, embedded=False))

    assert [each.level for each in findings] == ["problem"] * 4
    told = [each.found for each in findings]
    assert told[:2] == ["HTTP_PORT: must be a number", "X: is none"]
    assert told[2].startswith("PUSH_TOKENS: at HTTP_HOST=0.0.0.0 ")
    assert told[3].startswith("WS_PORT: must differ from HTTP_PORT")


def test_a_slip_in_the_environment_is_a_note() -> None:
    (finding,) = settings_findings(Settings(), [], {"WS_PROT": "WS_PORT"}, embedded=True)

    assert finding.level == "note"
    assert "WS_PROT" in finding.found
    assert "WS_PORT" in finding.do


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"http_host": "0.0.0.0", "push_tokens": (), "allow_anonymous_push": True}, "ANONYMOUS"),
        ({"push_tokens": (), "trusted_proxies": ("x",)}, "TRUSTED_PROXIES"),
        ({"subscribe_secret": ""}, "everybody"),
        ({"allowed_origins": ("*",)}, "cookie"),
        (
            {"allowed_origins": ("http://a.example",), "ws_public_url": "wss://p.example/"},
            "http:// only",
        ),
        ({"ping_interval": 60.0}, "PING_INTERVAL"),
        ({"poll_interval": 11.0}, "POLL_INTERVAL"),
        ({"history_seconds": 30}, "SLOW_CLIENT_SECONDS"),
        ({"inbox_seconds": 86_401}, "INBOX_SECONDS"),
        ({"request_timeout": 61.0}, "REQUEST_TIMEOUT"),
    ],
)
def test_what_is_unwise_is_a_note_with_what_to_do(settings: dict[str, Any], named: str) -> None:
    (finding,) = found(**{**SAFE, **settings})

    assert finding.level == "note"
    assert named in finding.found
    assert finding.do


def test_what_is_woken_by_the_push_may_look_seldom() -> None:
    assert [each.level for each in found(delivery="instant", poll_interval=60.0)] == ["ok"]
