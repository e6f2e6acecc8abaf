"""What we use of gevent's servers and it does not promise. Each failure says what has changed."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import gevent
import gevent.socket
import pytest
from gevent import select
from gevent.event import Event
from gevent.server import StreamServer

from common.libraries.gevent_server import Accepted, Server
from tests.support.libraries import Part, complaint, complaint_without, named, names_taken

NAME = "gevent"
NOW = named(NAME)
PARTS = [
    Part(NAME, StreamServer, "do_handle", ("self", "args")),
    Part(NAME, StreamServer, "do_read", ("self",)),
    Part(NAME, StreamServer, "start_accepting", ("self",)),
    Part(NAME, StreamServer, "stop_accepting", ("self",)),
    Part(NAME, StreamServer, "start", ("self",)),
    Part(NAME, StreamServer, "close", ("self",)),
    Part(NAME, StreamServer, "full", ("self",)),
    Part(NAME, StreamServer, "started"),
    Part(NAME, StreamServer, "max_accept"),
]
LIMIT = 5.0
SLOTS = 2


class Noting(Server):
    """Notes what gevent asks it."""

    def __init__(self) -> None:
        super().__init__(gevent.socket.create_server(("127.0.0.1", 0)), self.serve, self.is_full)
        self.asked = 0
        self.served: list[Any] = []
        self.sockets: list[Any] = []
        self.changed = Event()
        self.slots = SLOTS

    def accept(self) -> Accepted | None:
        self.asked += 1
        return super().accept()

    def serve(self, client: Any, peer: Any) -> None:
        self.served.append(peer)
        self.sockets.append(client)
        self.changed.set()

    def is_full(self) -> bool:
        return len(self.served) >= self.slots

    def wait_for(self, count: int) -> bool:
        while len(self.served) < count:
            self.changed.clear()
            if not self.changed.wait(LIMIT):
                break
        return len(self.served) == count


@pytest.fixture
def server() -> Iterator[Noting]:
    server = Noting()
    yield server
    server.close()
    for each in server.sockets:
        each.close()


@pytest.fixture
def callers(server: Noting) -> Iterator[list[socket.socket]]:
    """Four who wait already when it starts."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(server.socket.getsockname()))
            for _ in range(2 * SLOTS)
        ]


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_it_has_what_is_used(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not complaint(part), complaint(part)
    assert complaint_without(part, monkeypatch)


def test_no_name_of_ours_is_one_of_its_own() -> None:
    taken = names_taken(NAME, Server, ["do_handle", "do_read", "full"])

    assert not taken, taken


def test_who_comes_is_accepted_by_us_and_served_with_the_address(
    server: Noting, callers: list[socket.socket]
) -> None:
    server.start()

    assert server.wait_for(SLOTS), f"{NOW}: a server serves {server.served} of those who came"
    assert server.asked == SLOTS, f"{NOW}: a server asks its `do_read` no more for who comes"
    addresses = [caller.getsockname() for caller in callers[:SLOTS]]
    assert server.served == addresses, f"{NOW}: `do_handle` is not given the address of a client"


def test_a_full_server_accepts_nobody_until_it_is_told_to(
    server: Noting, callers: list[socket.socket]
) -> None:
    server.start()
    server.wait_for(SLOTS)

    assert server.full(), f"{NOW}: a server is not `full` when we are"
    gevent.sleep(0)
    gevent.sleep(0)
    assert server.asked == SLOTS, f"{NOW}: a full server asks for more"
    server.slots = len(callers)
    server.accept_again()
    assert server.wait_for(len(callers)), f"{NOW}: a server that was full does not go on"


def test_so_many_are_accepted_between_two_turns_of_the_loop(
    server: Noting, callers: list[socket.socket]
) -> None:
    turns: list[int] = []
    server.accept_at_once(1)

    def count_turns() -> None:
        while len(server.served) < SLOTS:
            turns.append(server.asked)
            gevent.sleep(0)

    server.start()
    gevent.spawn(count_turns)
    server.wait_for(SLOTS)

    assert 1 in turns, f"{NOW}: `max_accept` is no bound of how many are accepted at once: {turns}"


def test_nobody_is_served_when_we_accept_nobody(
    server: Noting, callers: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Event()
    monkeypatch.setattr(server, "accept", asked.set)  # It returns None.
    server.start()

    assert asked.wait(LIMIT), f"{NOW}: a server asks its `do_read` no more for who comes"
    assert server.served == [], f"{NOW}: a None of `do_read` is served now"


def test_accepting_may_stop_and_go_on_at_any_time(
    server: Noting, callers: list[socket.socket]
) -> None:
    server.accept_at_once(1)
    server.start()
    server.wait_for(1)
    server.stop_accepting()
    server.stop_accepting()
    select.select([server.socket], [], [], LIMIT)
    gevent.sleep(0)
    assert server.asked == 1, f"{NOW}: `stop_accepting` does not stop it"
    assert server.started, f"{NOW}: a server that accepts nobody for now is not `started`"

    server.start_accepting()
    server.start_accepting()

    assert server.wait_for(SLOTS), f"{NOW}: `start_accepting` does not let it go on"


def test_one_that_is_closed_is_not_started_and_leaves_its_port(server: Noting) -> None:
    server.start()
    name = server.socket.getsockname()

    server.close()

    assert not server.started, f"{NOW}: a closed server is `started`"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(name)


def test_all_is_sent_by_send() -> None:
    """Promised by nobody, and `common.serving.client_sockets` builds on it."""
    calls: list[int] = []

    class Counting(gevent.socket.socket):
        def send(self, data: Any, flags: int = 0, **named: Any) -> int:
            calls.append(len(data))
            return super().send(data, flags, **named)

    ours, theirs = socket.socketpair()
    with Counting(fileno=ours.detach()) as sending, theirs:
        sending.sendall(b"hello")
        assert theirs.recv(100) == b"hello"

    assert calls == [5], f"{NOW}: a socket's `sendall` sends by something else than `send`"
