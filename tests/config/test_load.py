import os
from pathlib import Path

import pytest

from config import load as load_module
from config.errors import SettingsError
from config.load import load
from config.settings import Settings


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_a_content_must_fit_into_a_body() -> None:
    assert load({"MAX_CONTENT_BYTES": "8", "MAX_BODY_BYTES": "8"}).max_body_bytes == 8
    with pytest.raises(SettingsError, match=r"^MAX_CONTENT_BYTES: .*MAX_BODY_BYTES"):
        load({"MAX_CONTENT_BYTES": "9", "MAX_BODY_BYTES": "8"})


NEARLY_OURS = {
    "MESSAGE_CENTER_KEYS": "MESSAGE_CENTER_KEY",
    "MESSAGE_CENTER_KYE": "MESSAGE_CENTER_KEY",
    "MESSAGE_CENTRE_KEY": "MESSAGE_CENTER_KEY",
    "MESSAGECENTER_KEY": "MESSAGE_CENTER_KEY",
    "message_center_key": "MESSAGE_CENTER_KEY",
    "MESSAGE_CENTER_HTTP_PORT": "HTTP_PORT",
    "MESSAGE_CENTER_PUSH_TOKENS": "PUSH_TOKENS",
}


@pytest.mark.parametrize(("name", "meant"), NEARLY_OURS.items())
def test_a_name_that_can_only_be_meant_as_ours_stops_the_start_anywhere(
    dotenv: Path, name: str, meant: str
) -> None:
    told = rf"^{name}: there is no such setting; did you mean {meant}\?$"
    dotenv.write_text(f"{name}=8080\n")

    with pytest.raises(SettingsError, match=told):
        load({name: "8080"})
    with pytest.raises(SettingsError, match=told):
        load({}, dotenv)


@pytest.mark.parametrize(
    "name", ["MESSAGE_CENTER_HOST", "MESSAGE_CENTER_PUSH_TOKEN", "MESSAGE_CENTER_COLOUR"]
)
def test_an_application_may_have_names_that_begin_as_ours_and_they_are_logged(
    dotenv: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    dotenv.write_text(f"{name}=http://127.0.0.1:2346\n")

    assert load({name: "x"}) == load({}, dotenv) == Settings()
    assert [record.getMessage() for record in caplog.records] == [
        f"{name}: there is no such setting; ignored"
    ] * 2


@pytest.mark.parametrize("name", ["URL", "TOKEN", "LISTEN_URL", "EVENTS_URL", "LISTEN_TOKEN"])
def test_what_the_examples_ask_for_is_not_logged(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert load({f"MESSAGE_CENTER_{name}": "x"}) == Settings()
    assert caplog.records == []


def service(name: str) -> dict[str, str]:
    """The variables that Kubernetes makes of a Service, and --link of a container."""
    at, name = "10.96.0.17", name.upper().replace("-", "_")
    return {
        f"{name}_SERVICE_HOST": at,
        f"{name}_SERVICE_PORT": "2345",
        f"{name}_SERVICE_PORT_MAIN": "2345",
        f"{name}_PORT": f"tcp://{at}:2345",
        f"{name}_PORT_2345_TCP": f"tcp://{at}:2345",
        f"{name}_PORT_2345_TCP_PROTO": "tcp",
        f"{name}_PORT_2345_TCP_PORT": "2345",
        f"{name}_PORT_2345_TCP_ADDR": at,
        f"{name}_NAME": f"/app/{name}",
        f"{name}_ENV_LANG": "C.UTF-8",
    }


OURS_AS_SERVICES = [f"message-center{rest}" for rest in ("", "-ws", "-http", "-key", "-v2")]


@pytest.mark.parametrize("name", [*OURS_AS_SERVICES, "redis", "my-message-center", "data"])
def test_a_service_of_any_name_beside_it_changes_nothing(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert load(service(name)) == Settings()
    assert caplog.records == []


@pytest.mark.parametrize("name", ["http", "ws", "embedded-redis"])
@pytest.mark.parametrize("scheme", ["tcp", "udp", "sctp"])
def test_a_service_called_like_a_port_of_ours_is_told_and_ignored(
    dotenv: Path, name: str, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    setting = f"{name.upper().replace('-', '_')}_PORT"
    environ = {**service(name), setting: f"{scheme}://[fd00::1]:80"}
    dotenv.write_text(f"{setting}=8001\n")

    assert load(environ) == Settings()
    assert getattr(load(environ, dotenv), setting.lower()) == 8001
    assert f"{setting}: '{scheme}://[fd00::1]:80' is of Kubernetes" in caplog.text


def test_such_a_value_in_the_file_is_nobodys_but_ours(dotenv: Path) -> None:
    dotenv.write_text("HTTP_PORT=tcp://10.0.0.1:80\n")

    with pytest.raises(SettingsError, match=r"^HTTP_PORT: must be a whole number"):
        load({}, dotenv)


def test_a_near_miss_in_the_file_stops_the_start_with_a_hint(dotenv: Path) -> None:
    dotenv.write_text("HTTP_PROT=8080\n")

    with pytest.raises(SettingsError, match=r"^HTTP_PROT: .*did you mean HTTP_PORT\?$"):
        load({}, dotenv)


def test_a_removed_setting_in_the_file_stops_the_start_with_what_to_do(dotenv: Path) -> None:
    dotenv.write_text("MAX_BATCH_MESSAGES=50000\n")

    with pytest.raises(SettingsError, match=r"^MAX_BATCH_MESSAGES: is no setting .*in parts"):
        load({}, dotenv)


def test_a_removed_setting_in_the_environment_may_be_of_others_and_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert load({"MAX_BATCH_MESSAGES": "50000"}) == Settings()
    assert "MAX_BATCH_MESSAGES: is no setting any more; " in caplog.text


def test_the_environment_may_hold_what_others_named() -> None:
    assert load({"HTTP_PROT": "8080", "HTTP_PROXY": "http://proxy", "PATH": "/bin"}) == Settings()


def test_the_file_may_hold_what_others_named(dotenv: Path) -> None:
    dotenv.write_text("COMPOSE_PROJECT_NAME=x\nHTTP_PROXY=http://proxy\n")

    assert load({}, dotenv) == Settings()


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(dotenv: Path) -> None:
    dotenv.write_text('HTTP_PORT=8001\nWS_PORT=8002\nMESSAGE_PREFIX="推送: "  # a comment\n')

    loaded = load({"HTTP_PORT": "9001"}, dotenv)

    assert (loaded.http_port, loaded.ws_port, loaded.ws_workers) == (9001, 8002, 1)
    assert loaded.message_prefix == "推送: "


def test_a_bad_value_in_the_file_stops_the_start(dotenv: Path) -> None:
    dotenv.write_text("HTTP_PORT=\n")

    with pytest.raises(SettingsError, match=r"^HTTP_PORT: "):
        load({}, dotenv)


@pytest.mark.parametrize("line", [b"HTTP PORT=80", b"HTTP_PORT: 80", b"MESSAGE_PREFIX=\xff"])
def test_a_line_of_the_file_that_cannot_be_read_stops_the_start(dotenv: Path, line: bytes) -> None:
    dotenv.write_bytes(b"WS_PORT=8002\n" + line + b"\n")

    with pytest.raises(SettingsError, match=r"\.env"):
        load({}, dotenv)


def test_without_a_file_the_defaults_hold(dotenv: Path) -> None:
    assert load({}, dotenv) == load({}) == Settings()


def test_what_is_read_holds_only_what_is_set_and_ours(dotenv: Path) -> None:
    dotenv.write_text("WS_PORT=8002\nWS_HOST\nOTHER=1\n")

    assert load_module.read({"HTTP_PORT": "x", "PATH": "/bin"}, dotenv) == {
        "HTTP_PORT": "x",
        "WS_PORT": "8002",
    }


def test_a_limit_for_tokens_without_tokens_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"^TOKEN_MESSAGES_PER_SECOND: has no effect"):
        load({"TOKEN_MESSAGES_PER_SECOND": "5"})

    load({"TOKEN_MESSAGES_PER_SECOND": "5", "PUSH_TOKENS": f"a:{'x' * 16}"})


def test_a_file_as_notepad_writes_it_is_read(dotenv: Path) -> None:
    dotenv.write_bytes(b"\xef\xbb\xbfHTTP_PORT=8001\r\nMESSAGE_PREFIX='P: '\r\n")

    loaded = load({}, dotenv)

    assert (loaded.http_port, loaded.message_prefix) == (8001, "P: ")


def test_a_file_that_is_a_folder_stops_the_start_by_name(dotenv: Path) -> None:
    """Docker makes a folder of a file to mount that is not there."""
    dotenv.mkdir()

    with pytest.raises(SettingsError, match=r"\.env: cannot be read: Is a directory$"):
        load({}, dotenv)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_stops_the_start_by_name(dotenv: Path) -> None:
    dotenv.write_text("HTTP_PORT=8001\n")
    dotenv.chmod(0)

    with pytest.raises(SettingsError, match=r"\.env: cannot be read: Permission denied$"):
        load({}, dotenv)


def test_every_problem_can_be_had_at_once(dotenv: Path) -> None:
    dotenv.write_text("HTTP_PROT=1\nWS_PORT=2347\n")

    values, misread = load_module.read_all({"HTTP_PORT": "x", "REDIS_TIMEOUT": "40"}, dotenv)
    settings, bad = load_module.parse_all(values)

    assert [each.name for each in misread] == ["HTTP_PROT"]
    assert [each.name for each in bad] == ["HTTP_PORT", "REQUEST_TIMEOUT"]
    assert (settings.http_port, settings.ws_port) == (2346, 2347)
