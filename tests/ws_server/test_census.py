"""Who is here: how many, and from which addresses."""

from time import monotonic

from tests.support.parts import Parts
from ws_server.census import Census
from ws_server.counts import RETURN_SECONDS, Counts
from ws_server.door.grant import Grant
from ws_server.door.listen import Listen


def from_address(address: str) -> Listen:
    return Listen(address=address)


def test_there_is_room_until_so_many_are_here(parts: Parts) -> None:
    census = Census(Counts(), most=2, most_per_address=0)
    for _ in range(2):
        assert not census.is_full
        census.enter(Listen())

    assert census.is_full
    assert len(census) == 2

    census.leave(parts.connect()[0])
    assert not census.is_full


def test_who_is_not_known_yet_counts_and_takes_the_room_of_its_address() -> None:
    census = Census(Counts(), most=1, most_per_address=1)

    census.hold("::1")
    assert census.is_full
    assert census.is_crowded("::1")
    census.let_go("::1")

    assert not census.is_full
    assert not census.is_crowded("::1")


def test_each_address_has_its_own_room(parts: Parts) -> None:
    census = Census(Counts(), most=100, most_per_address=1)
    census.enter(from_address("10.0.0.1"))

    assert census.is_crowded("10.0.0.1")
    assert not census.is_crowded("10.0.0.2")

    census.leave(parts.connect(listen=from_address("10.0.0.1"))[0])
    assert not census.is_crowded("10.0.0.1")


def test_an_address_that_nobody_knows_is_never_crowded() -> None:
    census = Census(Counts(), most=100, most_per_address=1)
    census.enter(Listen())

    assert not census.is_crowded("")


def test_users_and_channels_are_counted_as_clients_come_change_and_leave(parts: Parts) -> None:
    counts = Counts()
    census, listen = Census(counts, 100, 0), Listen(channels=frozenset("a"), grant=Grant("42"))
    connection, _ = parts.connect(listen=listen)

    census.enter(listen)
    changes = counts.take(100)
    assert (changes.users, changes.channels["a"].users) == ({"42": 1}, {"42": 1})

    connection.channels = frozenset("b")
    census.note_change(connection, frozenset("a"))
    assert {name: now.total for name, now in counts.take(100).channels.items()} == {"a": 0, "b": 1}

    census.leave(connection)
    changes = counts.take(100)
    assert (changes.users, changes.channels["b"].total) == ({"42": 0}, 0)


def test_a_member_counts_once_and_as_who_it_is_there(parts: Parts) -> None:
    counts = Counts()
    census, listen = Census(counts, 100, 0), Listen(grant=Grant("42"))
    connection, _ = parts.connect(listen=listen)
    census.enter(listen)

    census.enter_as(connection, "presence-a", "7", "")
    connection.channels = frozenset(["a", "presence-a", "members:presence-a"])
    census.note_change(connection, frozenset())
    changes = counts.take(100)
    assert {name: now.users for name, now in changes.channels.items()} == {
        "presence-a": {"7": 1},
        "a": {"42": 1},
    }

    connection.channels = frozenset("a")
    census.note_change(connection, frozenset(["a", "presence-a", "members:presence-a"]))
    census.leave_as(connection, "presence-a")
    census.leave_as(connection, "presence-a")
    assert list(counts.take(100).channels) == ["presence-a"]

    census.enter_as(connection, "presence-b", "7", "")
    counts.take(100)
    census.leave(connection)
    counts.let_go(monotonic() + RETURN_SECONDS - 1)
    assert "presence-b" not in counts.take(100).channels  # It may come back.
    counts.let_go(monotonic() + RETURN_SECONDS)
    assert {now.total for now in counts.take(100).channels.values()} == {0}


def test_who_signs_in_is_counted_as_its_user_from_then_on(parts: Parts) -> None:
    counts = Counts()
    census, listen = Census(counts, 100, 0), Listen(channels=frozenset("a"))
    connection, _ = parts.connect(listen=listen)
    census.enter(listen)

    was, connection.grant = connection.grant, Grant("42")
    census.note_user(connection, connection.channels, was)

    changes = counts.take(100)
    assert (changes.users, changes.channels["a"].users) == ({"42": 1}, {"": 0, "42": 1})
