import os
from pathlib import Path
from typing import Any

import pytest

from config import load as load_module
from config.load import load
from config.settings import Settings, SettingsError, describe
from tests.support.keys import SECRET

ALL_NAMES = [each.name for each in describe()]
MAY_BE_EMPTY = ["MESSAGE_PREFIX", *(each.name for each in describe() if not each.default)]

CONTRACT = {
    "MESSAGE_CENTER_KEY": "message_center",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "HTTP_PORT": 2346,
    "WS_PORT": 2345,
    "WS_WORKERS": 1,
    "DELIVERY": "timer",
    "POLL_INTERVAL": 1.0,
    "MESSAGE_PREFIX": "Python语言消息中心: ",
    "MAX_CONTENT_BYTES": 65536,
    "HISTORY_SIZE": 100_000,
}


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.mark.parametrize(("name", "default"), CONTRACT.items())
def test_the_defaults_are_those_of_the_contract(name: str, default: Any) -> None:
    assert getattr(load({}), name.lower()) == default
    assert str(default) in [each.default for each in describe() if each.name == name]


@pytest.mark.parametrize("name", ALL_NAMES)
def test_every_default_passes_its_own_check_and_keeps_its_type(name: str) -> None:
    default = getattr(Settings(), name.lower())
    (written,) = [each.default for each in describe() if each.name == name]
    loaded = getattr(load({name: written}), name.lower())

    assert loaded == default
    assert type(loaded) is type(default)


@pytest.mark.parametrize("name", ALL_NAMES)
def test_every_setting_has_a_meaning(name: str) -> None:
    assert [each.meaning for each in describe() if each.name == name] != [""]


@pytest.mark.parametrize("name", [name for name in ALL_NAMES if name not in MAY_BE_EMPTY])
def test_an_empty_value_stops_the_start_with_the_name(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: must be "):
        load({name: ""})


def test_the_prefix_may_be_empty(dotenv: Path) -> None:
    dotenv.write_text("MESSAGE_PREFIX=\n")

    assert load({"MESSAGE_PREFIX": ""}).message_prefix == ""
    assert load({}, dotenv).message_prefix == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "http"),
        ("HTTP_PORT", "0"),
        ("HTTP_PORT", "65536"),
        ("HTTP_PORT", "80.5"),
        ("HTTP_PORT", "9" * 5000),
        ("WS_PORT", "-2345"),
        ("EMBEDDED_REDIS_PORT", "-1"),
        ("WS_WORKERS", "0"),
        ("HTTP_WORKERS", "257"),
        ("POLL_INTERVAL", "soon"),
        ("POLL_INTERVAL", "0"),
        ("POLL_INTERVAL", "nan"),
        ("POLL_INTERVAL", "inf"),
        ("REDIS_TIMEOUT", "1.9"),
        ("STOP_TIMEOUT", "3601"),
        ("MAX_CONTENT_BYTES", "64K"),
        ("HISTORY_SIZE", "0"),
        ("HISTORY_SECONDS", "0.5"),
        ("DELIVERY", "sometimes"),
        ("LOG_LEVEL", "verbose"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("REDIS_URL", "http://127.0.0.1:6379"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://127.0.0.1:port/0"),
        ("REDIS_URL", "redis://127.0.0.1?ssl_keyfile=key.pem"),
        ("REDIS_URL", "unix:///run/redis.sock?db=first"),
        ("MESSAGE_CENTER_KEY", "two words"),
        ("MESSAGE_CENTER_KEY", "{tag}key"),
        ("MESSAGE_CENTER_KEY", "two\nlines"),
        ("HTTP_HOST", "http://localhost"),
        ("WS_HOST", "local host"),
        ("WORKER_CLASS", "ws_server.worker"),
        ("WORKER_CLASS", "ws_server/worker.py:Worker"),
    ],
)
def test_a_bad_value_stops_the_start_with_the_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: must be ") as caught:
        load({name: value})

    assert caught.value.name == name


@pytest.mark.parametrize(
    ("name", "value", "parsed"),
    [
        ("HTTP_PORT", "1", 1),
        ("HTTP_PORT", "65535", 65535),
        ("EMBEDDED_REDIS_PORT", "0", 0),
        ("POLL_INTERVAL", "0.001", 0.001),
        ("REDIS_TIMEOUT", "2", 2.0),
        ("DELIVERY", "instant", "instant"),
        ("REDIS_URL", "rediss://user:secret@redis.example:6380/3", None),
        ("REDIS_URL", "rediss://redis.example/?ssl_keyfile=key.pem", None),
        ("REDIS_URL", "unix:///run/redis.sock", None),
        ("REDIS_URL", "unix:///run/redis.sock?db=2", None),
        ("MESSAGE_CENTER_KEY", "app:消息", None),
        ("HTTP_HOST", "::1", None),
        ("MESSAGE_PREFIX", " = ", None),
    ],
)
def test_a_good_value_is_taken(name: str, value: str, parsed: Any) -> None:
    assert getattr(load({name: value}), name.lower()) == (value if parsed is None else parsed)


def test_a_refused_address_does_not_show_its_password() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"REDIS_URL": "redis//:topsecret@127.0.0.1:6379"})

    assert "topsecret" not in str(caught.value)


def test_a_refused_secret_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"SUBSCRIBE_SECRET": "topsecret" * 3})

    assert str(caught.value) == "SUBSCRIBE_SECRET: must be 32 bytes at least"


def test_a_secret_is_measured_in_bytes() -> None:
    assert load({"SUBSCRIBE_SECRET": "消息" * 6}).subscribe_secret == "消息" * 6
    assert load({"SUBSCRIBE_SECRET": ""}).subscribe_secret == ""


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
    "name", ["MESSAGE_CENTER_URL", "MESSAGE_CENTER_PUSH_TOKEN", "MESSAGE_CENTER_COLOUR"]
)
def test_an_application_may_have_names_that_begin_as_ours_and_they_are_logged(
    dotenv: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    dotenv.write_text(f"{name}=http://127.0.0.1:2346\n")

    assert load({name: "x"}) == load({}, dotenv) == Settings()
    assert [record.getMessage() for record in caplog.records] == [
        f"{name}: there is no such setting; ignored"
    ] * 2


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


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        setattr(Settings(), "http_port", 1)  # noqa: B010  # mypy refuses the plain form.


def test_a_limit_for_tokens_without_tokens_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"^TOKEN_MESSAGES_PER_SECOND: has no effect"):
        load({"TOKEN_MESSAGES_PER_SECOND": "5"})

    load({"TOKEN_MESSAGES_PER_SECOND": "5", "PUSH_TOKENS": f"a:{'x' * 16}"})


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:443", "http://a.example:443"),
        ("https://a.example:08443", "https://a.example:8443"),
        ("HTTPS://A.Example", "https://a.example"),
        ("http://[0:0::1]:8080", "http://[::1]:8080"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("null", "null"),
        ("file://", "file://"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
        ("*", "*"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(written: str, origin: str) -> None:
    assert load({"ALLOWED_ORIGINS": written}).allowed_origins == (origin,)
    assert load({"ALLOWED_ORIGINS": f" {written} ,\r\n"}).allowed_origins == (origin,)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("https://*.example", ""),
        ("a.example", "https://a.example"),
        ("a.example:8443", "https://a.example:8443"),
        ("wss://push.example/", "https://push.example"),
        ("ws://push.example", "http://push.example"),
        ("https://a.example/", "https://a.example"),
        ("http://a.example:80/", "http://a.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://Bücher.example:443/", "https://xn--bcher-kva.example"),
        ("https://中文.example", "https://xn--fiq228c.example"),
        ("file:///", "file://"),
        ("https://a.example/page", ""),
        ("https://user@a.example", ""),
        ("https://a.example:0", ""),
        ("https://a.example:99999", ""),
        ("https://", ""),
        ("https://a.example;https://b.example", ""),
        ("https://a.example https://b.example", ""),
        ("https://straße.example", "the name as browsers do"),
        ("http://[::1", ""),
        ("app://", ""),
        ('"https://a.example"', ""),
        ("", ""),
    ],
)
def test_an_origin_that_can_never_match_stops_the_start(written: str, instead: str) -> None:
    with pytest.raises(SettingsError, match=r"^ALLOWED_ORIGINS: must be") as refused:
        load({"ALLOWED_ORIGINS": written})

    _, _, hint = str(refused.value).partition(": write ")
    assert hint.startswith(instead)
    assert bool(hint) == bool(instead)


@pytest.mark.parametrize("network", ["::ffff:127.0.0.1", "::ffff:10.0.0.0/104", "::/0"])
def test_ipv4_addresses_as_ipv6_are_no_trusted_proxies(network: str) -> None:
    """Peers are looked up as what they are: none would ever match."""
    with pytest.raises(SettingsError, match=r"^TRUSTED_PROXIES: must have addresses of IPv4"):
        load({"TRUSTED_PROXIES": network})


def test_a_network_with_a_machine_in_it_is_refused_with_what_is_meant() -> None:
    with pytest.raises(SettingsError, match=r"not '10\.0\.0\.1/8': write 10\.0\.0\.0/8$"):
        load({"TRUSTED_PROXIES": "10.0.0.1/8"})


EXACT = {"MESSAGE_PREFIX", "SUBSCRIBE_SECRET"}


@pytest.mark.parametrize("name", [name for name in ALL_NAMES if name not in EXACT])
@pytest.mark.parametrize("beside", ["\r", "\r\n", " ", "\t"])
def test_blanks_and_line_ends_beside_a_value_are_not_meant(name: str, beside: str) -> None:
    """`docker run --env-file` takes the CR of a Windows file for a part of the value."""
    (written,) = [each.default for each in describe() if each.name == name]

    assert load({name: f" {written}{beside}"}) == Settings()


def test_the_blanks_of_the_prefix_are_meant_and_the_line_end_is_not() -> None:
    assert load({"MESSAGE_PREFIX": " P: \r"}).message_prefix == " P: "


@pytest.mark.parametrize("spoilt", [SECRET + "\r", SECRET + " ", "\t" + SECRET, f'"{SECRET}"'])
def test_a_secret_that_others_may_have_otherwise_stops_the_start(spoilt: str) -> None:
    with pytest.raises(SettingsError, match=r"^SUBSCRIBE_SECRET: must not ") as refused:
        load({"SUBSCRIBE_SECRET": spoilt})

    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(("word", "value"), [("True", True), ("yes", True), ("on", True)])
def test_a_flag_may_be_a_word(word: str, value: bool) -> None:
    opposite = {"True": "FALSE", "yes": "No", "on": "off"}[word]

    assert load({"ALLOW_ANONYMOUS_PUSH": word}).allow_anonymous_push is value
    assert load({"ALLOW_ANONYMOUS_PUSH": opposite}).allow_anonymous_push is not value
    with pytest.raises(SettingsError, match=r"^ALLOW_ANONYMOUS_PUSH: must be 1 or 0, not 'maybe'"):
        load({"ALLOW_ANONYMOUS_PUSH": "maybe"})


def test_a_word_may_have_any_case() -> None:
    loaded = load({"LOG_LEVEL": "DEBUG", "DELIVERY": "Instant"})

    assert (loaded.log_level, loaded.delivery) == ("debug", "instant")


@pytest.mark.parametrize(
    ("name", "written", "instead"),
    [
        ("POLL_INTERVAL", "1s", "1"),
        ("POLL_INTERVAL", "500ms", "0.5"),
        ("STOP_TIMEOUT", "1m", "60"),
        ("HISTORY_SECONDS", "1d", "86400"),
        ("IDEMPOTENCY_SECONDS", "2 h", "7200"),
        ("MAX_CONTENT_BYTES", "64K", "65536"),
        ("MAX_BODY_BYTES", "1MiB", "1048576"),
        ("WINDOW_BYTES", "1.5mb", "1572864"),
    ],
)
def test_a_number_with_a_unit_is_refused_with_the_number(
    name: str, written: str, instead: str
) -> None:
    with pytest.raises(SettingsError, match=rf"^{name}: .*, not '{written}': write {instead}$"):
        load({name: written})


@pytest.mark.parametrize("name", ["HTTP_HOST", "WS_HOST", "HTTP_PUBLISH"])
def test_an_address_of_ipv6_may_have_brackets(name: str) -> None:
    assert getattr(load({name: "[::1]"}), name.lower()) == "::1"


@pytest.mark.parametrize(
    "host", ["127.0.0.1:2346", "localhost:80", "*", "[::1", "[here]", "a b", "a\0b"]
)
def test_what_is_no_host_stops_the_start(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^WS_HOST: must be a host name or address"):
        load({"WS_HOST": host})


@pytest.mark.parametrize("name", ["DATA_DIR", "SUBSCRIBE_JWKS_FILE"])
def test_a_tilde_is_a_home_folder(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("HOME", "/home/me")

    assert getattr(load({name: "~/kept"}), name.lower()) == "/home/me/kept"
    with pytest.raises(SettingsError, match=rf"^{name}: .*nobody's home"):
        load({name: "~no-such-user/kept"})


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
