from pathlib import Path
from typing import Any

import pytest

from config import load as load_module
from config.load import load
from config.settings import Settings, SettingsError, describe

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
        ("DELIVERY", "Timer"),
        ("LOG_LEVEL", "verbose"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("REDIS_URL", "http://127.0.0.1:6379"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://127.0.0.1:port/0"),
        ("REDIS_URL", "redis://127.0.0.1?ssl_keyfile=key.pem"),
        ("REDIS_URL", "unix:///run/redis.sock?db=first"),
        ("MESSAGE_CENTER_KEY", "two words"),
        ("MESSAGE_CENTER_KEY", "{tag}key"),
        ("MESSAGE_CENTER_KEY", "key\n"),
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


def test_an_unknown_name_of_ours_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"^MESSAGE_CENTER_COLOUR: there is no such setting$"):
        load({"MESSAGE_CENTER_COLOUR": "red"})


def test_an_unknown_name_of_ours_in_the_file_stops_the_start(dotenv: Path) -> None:
    dotenv.write_text("MESSAGE_CENTER_COLOUR=red\n")

    with pytest.raises(SettingsError, match=r"^MESSAGE_CENTER_COLOUR: "):
        load({}, dotenv)


def test_an_unknown_name_close_to_ours_gets_a_hint() -> None:
    with pytest.raises(SettingsError, match=r"did you mean MESSAGE_CENTER_KEY\?$"):
        load({"MESSAGE_CENTER_KEYS": "a"})


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


@pytest.mark.parametrize("origin", ["https://*.example", "a.example", "https://a.example/", ""])
def test_what_is_no_origin_stops_the_start(origin: str) -> None:
    with pytest.raises(SettingsError, match=r"^ALLOWED_ORIGINS: must be"):
        load({"ALLOWED_ORIGINS": origin})


@pytest.mark.parametrize("network", ["::ffff:127.0.0.1", "::ffff:10.0.0.0/104", "::/0"])
def test_ipv4_addresses_as_ipv6_are_no_trusted_proxies(network: str) -> None:
    """Peers are looked up as what they are: none would ever match."""
    with pytest.raises(SettingsError, match=r"^TRUSTED_PROXIES: must have addresses of IPv4"):
        load({"TRUSTED_PROXIES": network})
