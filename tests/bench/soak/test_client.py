"""A client of a soak: what it asks for, and what it notes of what it is sent."""

import socket

import pytest

from bench.soak.client import Client

ID = "1a2102c06bb-1795567862500-0"


def connected(form: str) -> tuple[Client, socket.socket]:
    client = Client(form, "all", "42", "orders")
    client.line, server = socket.socketpair()
    client.line.setblocking(False)
    return client, server


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("json", b'\x81\x05{"id":"1"}\x81\x05{"id":"%b","content":"a"}' % ID.encode()),
        ("events", b"id: 1\ndata: a\n\nid: %b\ndata: b\n\n" % ID.encode()),
        ("events json", b'\nid: %b\ndata: {"id":"%b"}\n\n' % ((ID.encode(),) * 2)),
    ],
)
def test_the_last_id_is_what_one_comes_back_with(form: str, data: bytes) -> None:
    client, server = connected(form)
    with client.line, server:
        server.send(data)
        assert client.read(1000) == len(data)

    assert client.cursor == ID


@pytest.mark.parametrize(
    ("form", "asked", "not_asked"),
    [
        ("json", "last_id=7&format=json", "client="),
        ("text remembered", "client=page-42", "last_id="),
        ("events", "GET /events?token=t&channels=orders&last_id=7 ", "Upgrade"),
    ],
)
def test_one_comes_back_with_its_id_or_with_its_name(form: str, asked: str, not_asked: str) -> None:
    client = Client(form, "all", "42", "orders")
    client.cursor = "7"

    request = client.request("t", last=False).decode()

    assert asked in request
    assert not_asked not in request


def test_pings_are_answered_with_what_they_carry() -> None:
    client, server = connected("text")
    with client.line, server:
        server.send(b"\x81\x05hello\x89\x03abc")
        client.read(1000)

        assert server.recv(100) == b"\x8a\x83\0\0\0\0abc"


def test_an_end_is_noticed_and_silence_is_none() -> None:
    client, server = connected("json")
    with client.line:
        assert client.read(10) == 0
        server.close()
        assert client.read(10) == -1
