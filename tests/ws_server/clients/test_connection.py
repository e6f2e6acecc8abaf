"""The states of a client: each arrow of the table, that there is no other, and who writes them."""

import ast
from collections.abc import Callable

import pytest

from common.connection_id import Numbers
from docs.rooms import ROOT
from tests.support.parts import Parts, Peers, let_others_run
from ws_server.clients import connection as module
from ws_server.clients.connection import ARROWS, Clients, Connection, State
from ws_server.log.chunk import Place
from ws_server.wire.close_codes import CloseCode

PLACE = Place(7 << 64, rest=b"the rest of a frame")
UNTIL = 60.0

CHANGES: dict[str, Callable[[Clients, Connection], None]] = {
    "fall_behind": lambda clients, each: clients.fall_behind(each, PLACE),
    "go_live": Clients.go_live,
    "begin_closing": lambda clients, each: clients.begin_closing(each, UNTIL),
    "leave": Clients.leave,
}
# How a new client comes into each state.
WAYS: dict[State, tuple[str, ...]] = {
    State.LIVE: (),
    State.BEHIND: ("fall_behind",),
    State.CLOSING: ("begin_closing",),
    State.GONE: ("leave",),
}


def table() -> dict[tuple[State, str], State | None]:
    """The one in the head of the file: what comes of each state by each change."""
    lines = (module.__doc__ or "").splitlines()
    head = next(at for at, line in enumerate(lines) if "fall_behind" in line)
    changes = lines[head].split()
    found: dict[tuple[State, str], State | None] = {}
    for line in lines[head + 1 : head + 1 + len(State)]:
        start, *ends = line.split()
        for change, end in zip(changes, ends, strict=True):
            found[State[start], change] = None if end == "." else State[end]
    return found


TABLE = table()


@pytest.fixture
def clients(parts: Parts) -> Clients:
    return parts.hub.clients


def client_in(state: State, parts: Parts) -> Connection:
    connection, _ = parts.connect()
    for change in WAYS[state]:
        CHANGES[change](parts.hub.clients, connection)
    return connection


def snapshot(clients: Clients, connection: Connection) -> tuple[object, ...]:
    owed = connection.owed
    sets = (set(clients.all), set(clients.behind), dict(clients.closing))
    return connection.state, connection.cursor, owed, owed and owed.cursor, sets


def test_the_table_has_every_state_and_every_change() -> None:
    assert TABLE.keys() == {(state, change) for state in State for change in CHANGES}


def test_the_arrows_are_those_of_the_table() -> None:
    drawn = {state: {TABLE[state, change] for change in CHANGES} - {None} for state in State}

    assert {state: set(ends) for state, ends in ARROWS.items()} == drawn


@pytest.mark.parametrize(("start", "change"), [each for each, end in TABLE.items() if end])
def test_a_change_of_the_table_leads_where_it_says(
    start: State, change: str, parts: Parts, clients: Clients
) -> None:
    connection = client_in(start, parts)

    CHANGES[change](clients, connection)

    assert connection.state is TABLE[start, change]
    assert (connection in clients.behind) == (connection.state is State.BEHIND)
    assert (connection in clients.closing) == (connection.state is State.CLOSING)
    assert (connection in clients.all) == (connection.state is not State.GONE)
    assert connection.is_open == (connection.state in (State.LIVE, State.BEHIND))
    assert (connection.fd >= 0) == (connection.state is not State.GONE)


@pytest.mark.parametrize(("start", "change"), [each for each, end in TABLE.items() if not end])
def test_what_is_not_in_the_table_is_an_error_and_changes_nothing(
    start: State, change: str, parts: Parts, clients: Clients
) -> None:
    connection = client_in(start, parts)
    before = snapshot(clients, connection)

    with pytest.raises(RuntimeError, match=f"{start.value} cannot become"):
        CHANGES[change](clients, connection)

    assert snapshot(clients, connection) == before


def test_a_client_that_falls_behind_is_owed_the_rest(parts: Parts, clients: Clients) -> None:
    connection, _ = parts.connect()

    clients.fall_behind(connection, PLACE)

    assert connection.owed is not None
    assert bytes(connection.owed.outbox) == PLACE.rest
    assert connection.sent_upto == PLACE.cursor


def test_a_client_that_goes_live_takes_what_follows_what_it_was_owed(
    parts: Parts, clients: Clients
) -> None:
    connection, _ = parts.connect()
    clients.fall_behind(connection, PLACE)

    clients.go_live(connection)

    assert connection.owed is None
    assert connection.cursor == PLACE.cursor


@pytest.mark.parametrize("state", [State.BEHIND, State.CLOSING, State.GONE])
def test_only_a_live_client_takes_a_chunk_and_has_a_cursor_to_move(
    state: State, parts: Parts, clients: Clients
) -> None:
    connection = client_in(state, parts)

    assert connection.cursor > 2**128  # Beyond all ids.
    with pytest.raises(RuntimeError, match=f"a client that is {state.value} has no cursor"):
        clients.move(connection, 7)


def test_a_client_that_is_closing_keeps_what_it_is_owed_until_that_is_sent(
    parts: Parts, clients: Clients
) -> None:
    connection = client_in(State.BEHIND, parts)

    clients.begin_closing(connection, UNTIL)
    assert connection.owed is not None
    assert clients.closing == {connection: UNTIL}

    clients.settle_up(connection)
    assert connection.owed is None


def test_a_live_client_has_been_sent_what_was_for_others(parts: Parts) -> None:
    connection, _ = parts.connect()
    connection.feed.done = 9 << 64

    assert connection.sent_upto == 9 << 64


def test_it_calls_back_once_when_the_socket_takes_bytes(parts: Parts, clients: Clients) -> None:
    connection, _ = parts.connect()
    called: list[Connection] = []
    connection.await_writable(called.append)  # Nothing is owed: nobody waits for that.
    let_others_run()
    assert called == []
    clients.fall_behind(connection, PLACE)

    connection.await_writable(called.append)
    let_others_run()
    let_others_run()

    assert called == [connection]


def test_what_a_hook_sends_and_closes_goes_by_way_of_the_sender(parts: Parts, peers: Peers) -> None:
    told: list[object] = []

    class Outlet:
        def post(self, connection: Connection, data: str | bytes) -> None:
            told.append((connection, data))

        def close(self, connection: Connection, close: CloseCode) -> None:
            told.append((connection, close))

        numbers = Numbers()

    fd, _ = peers.make()
    connection = Connection(fd, parts.feed, Outlet(), lambda _: None)

    connection.send("text")
    connection.close(4001, "bye")
    connection.close_socket()

    assert told == [(connection, "text"), (connection, CloseCode(4001, "bye"))]


def written(name: str) -> list[str]:
    """The files in which an attribute of this name is assigned to a connection, once each time."""
    found: list[str] = []
    for path in (ROOT / "ws_server").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                owner = ast.unparse(node.value)
                if node.attr == name and owner in ("connection", "each", "client"):
                    found.append(path.name)
    return sorted(found)


@pytest.mark.parametrize("name", ["state", "owed"])
def test_one_file_writes_a_state(name: str) -> None:
    assert set(written(name)) == {"connection.py"}


def test_besides_that_file_only_the_two_loops_of_a_fan_out_write_a_cursor() -> None:
    others = [name for name in written("cursor") if name != "connection.py"]

    assert others == ["fan_out.py", "fan_out.py"]
