"""WS_PUBLIC_URL: what is taken, and what those are told who write it in another way."""

import re

import pytest

from config.errors import SettingsError
from config.load import load
from config.public_url import events_url
from tests.support.processes import ROOT


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("wss://push.example.com/ws", "wss://push.example.com/ws"),
        ("wss://push.example.com", "wss://push.example.com"),
        ("WSS://Push.Example.com:443/WS/", "wss://push.example.com/WS/"),
        ("ws://127.0.0.1:80/", "ws://127.0.0.1/"),
        ("ws://[0::1]:2345", "ws://[::1]:2345"),
        ("wss://a.example/a%20b/@c", "wss://a.example/a%20b/@c"),
        ("wss://bücher.example/ws", "wss://xn--bcher-kva.example/ws"),
        ("", ""),
    ],
)
def test_an_address_is_kept_as_browsers_write_it(written: str, kept: str) -> None:
    assert load({"WS_PUBLIC_URL": f" {written}\r"}).ws_public_url == kept


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("https://push.example.com/ws", "write wss://push.example.com/ws"),
        ("http://localhost:2345", "write ws://localhost:2345"),
        ("push.example.com/ws", "write wss://push.example.com/ws"),
        ("ftp://push.example.com", "such as wss://"),
        ("wss://", "such as wss://"),
        ("wss:///ws", "such as wss://"),
        ("wss://a.example:0", "such as wss://"),
        ("wss://a.example/a b", "such as wss://"),
        ('wss://a.example/"', "such as wss://"),
        ("wss://a.example/\\ws", "such as wss://"),
        ("wss://straße.example", "write the name as browsers do"),
        ("wss://a.example/ws?token=secret", "without ? and #"),
        ("wss://a.example/ws#secret", "without ? and #"),
        ("wss://me:secret@a.example/ws", "without a user and a password"),
    ],
)
def test_any_other_stops_the_start_and_says_how_to_write_it(written: str, told: str) -> None:
    with pytest.raises(SettingsError, match=r"^WS_PUBLIC_URL: must be ") as refused:
        load({"WS_PUBLIC_URL": written})

    assert told in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "events"),
    [
        ("wss://a.example", "https://a.example/events"),
        ("wss://a.example/ws", "https://a.example/ws/events"),
        ("ws://a.example:1/ws/", "http://a.example:1/ws/events"),
    ],
)
def test_events_are_where_the_client_looks_for_them(url: str, events: str) -> None:
    client = (ROOT / "clients/js/client.js").read_text("utf-8")

    assert re.search(r"path\.replace\(/\\/\?\$/, \"/events\"\)", client)
    assert events_url(url) == events
