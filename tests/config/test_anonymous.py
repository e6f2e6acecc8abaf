import logging
from pathlib import Path

import pytest

from common.serving.server import load_settings
from config.anonymous import refuse_anonymous_push, warn_of_anonymous_push
from config.errors import SettingsError
from config.settings import Settings
from tests.support.processes import free_port

TOKENS = (("backend", "0123456789abcdef"),)
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST", "::ffff:127.0.0.1"]
WIDER = ["0.0.0.0", "::", "[::]", "192.0.2.1", "2001:db8::1", "push.example", "localhost.example"]


@pytest.mark.parametrize("host", LOOPBACK)
def test_on_loopback_nobody_needs_a_token(host: str, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(http_host=host)

    refuse_anonymous_push(settings)
    warn_of_anonymous_push(settings)

    assert caplog.records == []


@pytest.mark.parametrize("host", WIDER)
def test_elsewhere_the_start_is_refused_and_says_what_can_be_done(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^PUSH_TOKENS: ") as refused:
        refuse_anonymous_push(Settings(http_host=host))

    told = str(refused.value)
    assert f"HTTP_HOST={host} " in told
    assert all(
        way in told
        for way in ("PUSH_TOKENS=name:token", "HTTP_HOST=127.0.0.1", "ALLOW_ANONYMOUS_PUSH=1")
    )
    assert "\n" not in told


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::", "[::]"])
@pytest.mark.parametrize("published", LOOPBACK)
def test_a_container_that_is_published_on_loopback_starts_and_warns(
    everywhere: str, published: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(http_host=everywhere, http_publish=published)

    refuse_anonymous_push(settings)
    warn_of_anonymous_push(settings)

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert f"HTTP_PUBLISH={published}" in caplog.text
    assert "PUSH_TOKENS=name:token" in caplog.text


@pytest.mark.parametrize("published", WIDER)
def test_a_container_that_is_published_elsewhere_needs_tokens(published: str) -> None:
    with pytest.raises(SettingsError, match=r"^PUSH_TOKENS: at HTTP_PUBLISH="):
        refuse_anonymous_push(Settings(http_host="0.0.0.0", http_publish=published))
    refuse_anonymous_push(Settings(http_host="0.0.0.0", http_publish=published, push_tokens=TOKENS))


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "push.example"])
def test_where_it_is_published_excuses_no_address_of_its_own(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^PUSH_TOKENS: at HTTP_HOST="):
        refuse_anonymous_push(Settings(http_host=host, http_publish="127.0.0.1"))


def test_with_tokens_a_container_warns_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_anonymous_push(
        Settings(http_host="0.0.0.0", http_publish="127.0.0.1", push_tokens=TOKENS)
    )

    assert caplog.records == []


@pytest.mark.parametrize("host", WIDER)
def test_with_tokens_it_starts_anywhere(host: str, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(http_host=host, push_tokens=TOKENS)

    refuse_anonymous_push(settings)
    warn_of_anonymous_push(settings)

    assert caplog.records == []


def test_whoever_allows_it_is_warned_once(caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(http_host="0.0.0.0", allow_anonymous_push=True)

    refuse_anonymous_push(settings)
    warn_of_anonymous_push(settings)

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "HTTP_HOST=0.0.0.0 other machines can push" in caplog.text


@pytest.mark.parametrize(("tokens", "warnings"), [((), 1), (TOKENS, 0)])
def test_signatures_beside_a_push_without_a_token_are_warned_of(
    tokens: tuple[tuple[str, str], ...], warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    apps = (("1", "a-key", "a-secret-of-it"),)

    warn_of_anonymous_push(Settings(pusher_apps=apps, push_tokens=tokens))

    assert caplog.text.count("PUSHER_APPS without PUSH_TOKENS") == warnings
    assert "a-secret" not in caplog.text


def test_the_http_process_refuses_and_the_websocket_process_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HTTP_HOST", "0.0.0.0")
    monkeypatch.setenv("WS_PORT", str(free_port()))
    monkeypatch.delenv("PUSH_TOKENS", raising=False)

    with pytest.raises(SystemExit, match=r"^Error: PUSH_TOKENS: at HTTP_HOST=0\.0\.0\.0"):
        load_settings("HTTP")
    assert load_settings("WS").http_host == "0.0.0.0"
