"""Who listens to what, and who is found by a message."""

from common.addressing import Addressing
from tests.support.parts import Parts
from ws_server.clients.audience import Audiences
from ws_server.clients.connection import Connection
from ws_server.door.listen import Listen


def listening(*channels: str) -> Listen:
    return Listen(channels=frozenset(channels))


def test_those_with_the_same_channels_are_one_audience(parts: Parts) -> None:
    audiences = Audiences()
    for channels in (["a", "b"], ["b", "a"], ["a"]):
        audiences.add(parts.connect(listen=listening(*channels))[0])

    reached = audiences.reached(Addressing([("a",)]))

    assert sorted((sorted(each.channels), len(each.members)) for each in reached) == [
        (["a"], 1),
        (["a", "b"], 2),
    ]


def test_a_wildcard_is_reached_by_names_that_begin_so(parts: Parts) -> None:
    audiences = Audiences()
    audiences.add(parts.connect(listen=listening("orders.*"))[0])

    assert len(audiences.reached(Addressing([("orders.eu",)]))) == 1
    assert audiences.reached(Addressing([("orders",), ("order.s",), ()])) == {}


def test_whoever_listens_to_nothing_is_in_no_audience(parts: Parts) -> None:
    audiences = Audiences()
    connection, _ = parts.connect()

    audiences.add(connection)
    audiences.discard(connection)

    assert audiences.reached(Addressing([("a",), ()])) == {}


def test_nothing_is_left_of_those_who_are_gone(parts: Parts) -> None:
    audiences = Audiences()
    first, second = (parts.connect(listen=listening("a", "b.*"))[0] for _ in range(2))
    audiences.add(first)
    audiences.add(second)

    audiences.discard(first)
    assert audiences.members("a") == audiences.members("b.*") == [second]
    audiences.discard(second)

    assert audiences.members("a") == []
    assert audiences.reached(Addressing([("a",), ("b.c",)])) == {}
    assert vars(audiences) == {"_by_channels": {}, "_by_subscription": {}, "_wildcards": {}}


def test_who_moves_is_found_where_a_new_one_would_be(parts: Parts) -> None:
    audiences = Audiences()
    mover, other = (parts.connect(listen=listening("a"))[0] for _ in range(2))
    wanted = [["a", "b"], ["b", "c.*"], ["c.*"], [], ["a"], ["a", "b", "x.*"], ["b"], ["a"], []]
    for is_accompanied in (False, True):
        mover.channels, other.channels = frozenset("a"), frozenset(["a", "b"])
        audiences.add(mover)
        if is_accompanied:
            audiences.add(other)
        for channels in wanted:
            audiences.move(mover, frozenset(channels))

            fresh = Audiences()
            for each in (mover, other)[: 1 + is_accompanied]:
                fresh.add(each)
            assert found(audiences) == found(fresh), channels
        audiences.discard(other)

    assert vars(audiences) == {"_by_channels": {}, "_by_subscription": {}, "_wildcards": {}}


def found(audiences: Audiences) -> list[tuple[list[str], set[Connection], object]]:
    """Each audience that messages reach, and the places of these."""
    reached = audiences.reached(Addressing([("a",), ("b",), ("c.d",), ("x.y",)]))
    found = [(sorted(each.channels), set(each.members), at) for each, at in reached.items()]
    return sorted(found, key=lambda each: each[0])
