"""What `serve` refuses before it starts anything; tests/integration/test_serve.py has the rest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.cli.banner import Banner
from config.cli.serve import Report, serve
from config.errors import SettingsError
from config.settings import Settings
from tests.support.processes import free_port
from tests.support.signals import handlers_kept


@pytest.fixture(autouse=True)
def _signals_are_as_before() -> Iterator[None]:
    with handlers_kept():
        yield


class Noted(Report):
    """What was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def up(self, banner: Banner, *, has_redis: bool) -> None:
        self.lines.append(banner.text(has_redis=has_redis))

    def ended(self, what: str) -> None:
        self.lines.append(what)


def refusal(settings: Settings, *, embedded: bool = False) -> str:
    """Why it does not start; nothing is said of addresses that nobody listens at."""
    said = Noted()
    with pytest.raises(SettingsError) as refused:
        serve(settings, embedded=embedded, command="message-center", report=said)
    assert said.lines == []
    return str(refused.value)


def test_who_may_push_is_asked_first() -> None:
    assert "PUSH_TOKENS" in refusal(Settings(http_host="0.0.0.0"))


def test_two_servers_at_one_port_are_refused_by_name() -> None:
    port = free_port()

    assert refusal(Settings(http_port=port, ws_port=port)).startswith("WS_PORT: must differ")


def test_a_port_of_somebody_who_answers_is_refused_and_no_valkey_is_started(
    tmp_path: Path, taken_port: int
) -> None:
    data = str(tmp_path / "data")
    settings = Settings(http_port=free_port(), ws_port=taken_port, data_dir=data)

    told = f"WS_PORT: cannot use 127.0.0.1:{taken_port}"
    assert refusal(settings, embedded=True).startswith(told)
    assert not (tmp_path / "data").exists()


@pytest.mark.integration
def test_a_process_that_ends_by_itself_ends_all_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Noted()
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("HTTP_PORT=many\n")  # The processes read it themselves.
    settings = Settings(http_port=free_port(), ws_port=free_port())

    assert serve(settings, embedded=False, command="message-center", report=said) == 1
    assert "ended with status 1 (see above); stopping the others" in said.lines[-1]
