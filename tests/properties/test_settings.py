"""Any text in any variable: a value, or an error that names the variable."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import redis
from hypothesis import example, given
from hypothesis import strategies as st

from config.errors import SettingsError
from config.load import load, parse, read
from config.settings import Settings, describe
from config.slips import LINK

T = TypeVar("T")
NAMES = [each.name for each in describe()]
LONG = "9" * 5000  # More digits than int() takes.

# The environment may hold any bytes but a zero; those that are no UTF-8 come as surrogates.
anything = st.binary(max_size=20).map(lambda raw: raw.decode(errors="surrogateescape")) | st.text()
numbers = ["", "0", "-1", "1", "5", "1_0", "1e3", "nan", "inf", "-0.0", "65535", "٣", LONG]
words = [" ", "\n", "\0", "timer", "debug", "a:b", "::1", "message_center", "{x}"]
near = st.sampled_from(numbers + words)
hosts = st.sampled_from(["h", "127.0.0.1", "[::1]", "[", "]", "h:1", "h:99999", "h:x", "u:p@h", ""])
tails = st.sampled_from(
    ["", "/", "/0", "/x", "/1/2", "?db=1", "?db=x", "/s?db=x", "?ssl_keyfile=k"]
)
schemes = st.sampled_from(["redis://", "rediss://", "unix://", "unix:///", "http://", "redis:"])
urls = st.tuples(schemes, hosts | anything, tails | anything).map("".join)
links = st.sampled_from(["tcp://10.0.0.1:80", "udp://[::1]:1", "sctp://"])
variables = st.dictionaries(st.sampled_from(NAMES), anything | near | urls, max_size=4)


def outcome(action: Callable[[], T]) -> T | SettingsError:
    try:
        return action()
    except SettingsError as problem:
        return problem


@given(variables)
@example({"MAX_BODY_BYTES": "1"})
def test_any_values_make_settings_or_an_error_that_names_one(values: dict[str, str]) -> None:
    settings = outcome(lambda: parse(values))

    if isinstance(settings, SettingsError):
        assert settings.name in NAMES
        assert str(settings).startswith(f"{settings.name}: ")
        return
    for each in fields(Settings):
        assert type(getattr(settings, each.name)) is type(each.default)
        if each.name.upper() not in values:
            assert getattr(settings, each.name) == each.default


@given(st.dictionaries(st.sampled_from(NAMES) | anything, anything | links, max_size=4))
def test_any_environment_is_read_or_the_unknown_name_is_told(environ: dict[str, str]) -> None:
    found = outcome(lambda: read(environ))

    if isinstance(found, SettingsError):
        assert "MESSAGE" in found.name.upper()
        assert found.name not in NAMES
        return
    assert found == {
        name: value
        for name, value in environ.items()
        if name in NAMES and not LINK.fullmatch(value)
    }


lines = st.tuples(st.sampled_from(NAMES) | st.text(), st.sampled_from(["=", " = ", ""]), near)
files = st.binary() | st.lists(lines.map("".join)).map(lambda all_: "\n".join(all_).encode())


@given(files)
def test_any_env_file_is_read_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / ".env"
        path.write_bytes(content)

        assert isinstance(outcome(lambda: load({}, path)), Settings | SettingsError)


@given(urls)
@example("unix:///s?db=x")
@example("redis://h?ssl_keyfile=k")
def test_an_address_that_is_taken_is_one_for_the_driver_too(text: str) -> None:
    settings = outcome(lambda: parse({"REDIS_URL": text}))

    if isinstance(settings, Settings):
        redis.ConnectionPool.from_url(text).make_connection()  # Which opens no socket yet.


origins = st.tuples(
    st.sampled_from(["https://", "http://", "HTTP://", "app://", "file://", ""]),
    st.sampled_from(["a.example", "Bücher.example", "[::1]", "", "ﬁ.example"]) | anything,
    st.sampled_from(["", ":443", ":80", ":0080", ":x", "/", "/x"]),
).map("".join)


@given(origins)
def test_an_origin_that_is_taken_is_taken_as_it_is_kept(text: str) -> None:
    kept = outcome(lambda: parse({"ALLOWED_ORIGINS": text}))

    if isinstance(kept, Settings):
        again = parse({"ALLOWED_ORIGINS": ",".join(kept.allowed_origins)})
        assert again.allowed_origins == kept.allowed_origins


@given(st.sampled_from(["1", "0.5", "9" * 13, "٣", ""]), st.text(max_size=4))
def test_a_number_with_anything_behind_it_is_refused_or_a_number(digits: str, rest: str) -> None:
    for name in ("POLL_INTERVAL", "MAX_BODY_BYTES"):
        outcome(lambda name=name: parse({name: digits + rest}))  # type: ignore[misc]
