"""Each check by the settings that use it."""

from typing import Any

import pytest

from config.errors import SettingsError
from config.load import load
from tests.support.keys import SECRET


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
        ("HISTORY_BYTES", "1000"),
        ("HISTORY_BYTES", "-1"),
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
