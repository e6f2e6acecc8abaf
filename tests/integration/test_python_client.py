"""The Python client end to end: where servers are killed, every message comes once, in order."""

import os
import threading
from collections.abc import Iterator

import pytest

from message_center_client import Client, Gap, Listener, Message, Refused, listen
from message_center_client import listener as module
from tests.support.cutting_proxy import cutting_proxy
from tests.support.processes import Process
from tests.support.system import System

# CLIENT_KILLS=50 kills each server so often.
KILLS = int(os.environ.get("CLIENT_KILLS", "3"))
MESSAGES = 210 * KILLS
CUTS = 20


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.2)


def url(system: System) -> str:
    return f"http://127.0.0.1:{system.http_port}"


def reading(listener: Listener, count: int) -> Iterator[Message]:
    for _, message in zip(range(count), listener, strict=False):
        yield message


def test_killed_servers_lose_nothing_and_double_nothing(system: System) -> None:
    """It pushes one by one and in batches, and listens, while both servers are killed."""
    killer = Killer(system)
    contents = [f"message {number}" for number in range(MESSAGES)]
    gaps: list[Gap] = []

    def push() -> None:
        with Client(url(system), patience=60) as client:
            for start in range(0, MESSAGES, 30):
                for content in contents[start : start + 20]:
                    client.push(content)
                client.push_batch(contents[start + 20 : start + 30])

    system.push("first")
    with listen(f"ws://127.0.0.1:{killer.port}/", last=1, on_gap=gaps.append) as listener:
        assert next(listener).content == "first"
        pushing = threading.Thread(target=push)
        pushing.start()
        found: list[Message] = []
        for number, message in enumerate(reading(listener, MESSAGES)):
            found.append(message)
            if number % (MESSAGES // (2 * KILLS)) == 10:
                killer.strike()
        pushing.join()

    assert [message.content for message in found] == contents
    assert len({message.id for message in found}) == MESSAGES
    assert gaps == []
    assert len(killer.killed) == 2 * KILLS


class Killer:
    """Kills the two servers with -9 in turn, each time until the new one is ready."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.http = system.start_http()
        self.ws, self.port = system.start_ws(POLL_INTERVAL=0.02)
        self.killed: list[Process] = []

    def strike(self) -> None:
        victim = self.ws if len(self.killed) % 2 else self.http
        victim.kill_all()
        self.killed.append(victim)
        if victim is self.http:
            self.http = self.system.start_http()
        else:
            self.ws, _ = self.system.start_ws(self.port, POLL_INTERVAL=0.02)


def push_all(client: Client, contents: list[str], listener: Listener) -> None:
    """Where that fails, nobody must wait for the messages."""
    try:
        for content in contents:
            client.push(content)
    except BaseException:
        listener.close()
        raise


def test_a_network_that_cuts_loses_nothing_and_doubles_nothing(system: System) -> None:
    """In the middle of answers and of frames, so that what was done is not known."""
    system.start_http()
    _, port = system.start_ws(POLL_INTERVAL=0.02)
    contents = [f"message {number}" for number in range(500)]
    system.push("first")
    with (
        cutting_proxy(system.http_port, CUTS, 2_000) as http,
        cutting_proxy(port, CUTS, 2_000) as ws,
        Client(f"http://127.0.0.1:{http.port}") as client,
        listen(f"ws://127.0.0.1:{ws.port}/", last=1) as listener,
    ):
        assert next(listener).content == "first"
        pushing = threading.Thread(target=push_all, args=[client, contents, listener])
        pushing.start()
        found = [message.content for message in reading(listener, len(contents))]
        pushing.join()

    assert found == contents
    assert (http.cuts, ws.cuts) == (CUTS, CUTS)


def test_a_listener_goes_on_where_another_one_stopped(system: System) -> None:
    system.start_http()
    _, port = system.start_ws(POLL_INTERVAL=0.02)
    address = f"ws://127.0.0.1:{port}/"
    with Client(url(system)) as client:
        client.push_batch(["a", "b", "c"])
        with listen(address, last=100) as messages:
            assert [each.content for each in reading(messages, 2)] == ["a", "b"]
        client.push("only orders", channels=["orders"])
        client.push("others", channels=["other"], users=[42])
        client.push("d")

    with listen(address, channels=["orders"], last_id=messages.last_id) as messages:
        found = list(reading(messages, 3))
    assert [(each.content, each.channel) for each in found] == [
        ("c", None),
        ("only orders", "orders"),
        ("d", None),
    ]


def test_what_the_servers_refuse_is_raised(system: System) -> None:
    system.start_http(PUSH_TOKENS="backend:0123456789abcdef")
    _, port = system.start_ws(SUBSCRIBE_SECRET="0" * 32)
    with Client(url(system), token="wrong") as client, pytest.raises(Refused) as refused:
        client.push("a")
    with Client(url(system), token="0123456789abcdef") as client:
        with pytest.raises(Refused) as empty:
            client.push("")
        with pytest.raises(Refused) as nobody:
            client.push("a", channels=[])
        with pytest.raises(Refused) as batch:
            client.push_batch(["a", "b", ""])
        client.push("a", id="order-1")
        with pytest.raises(Refused) as reused:
            client.push("b", id="order-1")
    with listen(f"ws://127.0.0.1:{port}/") as messages, pytest.raises(Refused) as unheard:
        next(messages)

    assert (refused.value.status, refused.value.error) == (401, "unauthorized")
    assert (empty.value.code, empty.value.msg) == (-1, "内容不能为空")
    assert nobody.value.error == "bad_channel"
    assert (batch.value.error, batch.value.index) == ("content_empty", 2)
    assert reused.value.error == "id_reused"
    assert (unheard.value.status, unheard.value.error) == (401, "unauthorized")
