from contextlib import nullcontext

import pytest

from common.pusher.apps import App, Apps
from common.refused import Refused
from common.store.listener_counts import Count
from common.store.presence_pages import MOST_NAMES
from http_api.pusher import state as state_module
from http_api.pusher.state import AT_ONCE, State
from tests.support.pusher_http import TWO
from tests.support.reads import FakeCounts, FakePeople

ROOM = "presence-room"


def app(place: int) -> App:
    found = Apps(TWO).with_key(TWO[place][1])
    assert found is not None
    return found


FIRST, SECOND = app(0), app(1)


class Store:
    """Who is connected; `state` tells it."""

    def __init__(self) -> None:
        self.counts, self.people = FakeCounts(), FakePeople()
        self.state = State(self.counts, self.people, nullcontext)

    def listen(self, name: str, connections: int, members: int = 0) -> None:
        self.people.names["channels"][name] = connections
        self.counts.channels[name] = Count(connections, members)


def heard(connections: int) -> dict[str, int]:
    """What is told of a channel to which somebody listens."""
    return {"occupied": True, "subscription_count": connections}


@pytest.fixture
def store() -> Store:
    store = Store()
    store.listen("orders", 2)
    store.listen(ROOM, 3, 2)
    store.listen(f"7:{ROOM}", 1, 1)
    store.listen("user:42", 1)
    store.listen("orders.*", 1)
    return store


def test_an_application_has_its_own_channels(store: Store) -> None:
    assert store.state.channels(FIRST, "", "") == {"channels": {"orders": heard(2), ROOM: heard(3)}}
    assert store.state.channels(SECOND, "", "") == {"channels": {ROOM: heard(1)}}


def test_channels_are_chosen_by_their_beginning(store: Store) -> None:
    told = store.state.channels(FIRST, "ord", "subscription_count")

    assert told == {"channels": {"orders": heard(2)}}
    for prefix in ("7", "7:", "user:", "a b", "\u6d88"):
        assert store.state.channels(FIRST, prefix, "") == {"channels": {}}


def test_members_are_counted_in_presence_channels_only(store: Store) -> None:
    asked = "user_count,subscription_count,cache"

    assert store.state.channels(FIRST, "presence-", asked) == {
        "channels": {ROOM: {**heard(3), "user_count": 2}}
    }
    for prefix in ("", "presence", "orders"):
        with pytest.raises(Refused, match="only be requested for presence") as caught:
            store.state.channels(FIRST, prefix, "user_count")
        assert caught.value.status == 400


def test_many_channels_are_asked_for_in_parts(store: Store) -> None:
    many = [f"a{number:04}" for number in range(MOST_NAMES + 1)]
    for name in many:
        store.listen(name, 1)

    told = store.state.channels(FIRST, "a", "")["channels"]

    assert list(told) == many
    assert store.counts.asked == []  # The pages say it.


def test_too_many_for_one_answer_are_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "MOST_CHANNELS", 5)
    monkeypatch.setattr(state_module, "MOST_NAMES", 3)
    for number in range(9):
        store.listen(f"a{number}", 1)

    with pytest.raises(Refused, match="use filter_by_prefix"):
        store.state.channels(FIRST, "a", "")


def test_one_channel_is_occupied_or_not(store: Store) -> None:
    assert store.state.channel(FIRST, "orders", "") == heard(2)
    assert store.state.channel(FIRST, "nobody", "subscription_count") == {
        "occupied": False,
        "subscription_count": 0,
    }
    assert store.state.channel(SECOND, ROOM, "") == {**heard(1), "user_count": 1}
    with pytest.raises(Refused, match="unless the channel is a presence channel"):
        store.state.channel(FIRST, "orders", "user_count")
    with pytest.raises(Refused, match="Invalid channel name"):
        store.state.channel(FIRST, "7:orders", "")


def test_the_members_of_a_presence_channel_are_listed(store: Store) -> None:
    store.counts.members[ROOM] = {"7", "42"}

    assert store.state.users(FIRST, ROOM) == {"users": [{"id": "42"}, {"id": "7"}]}
    assert store.state.users(SECOND, ROOM) == {"users": []}
    with pytest.raises(Refused, match="only be retrieved for presence"):
        store.state.users(FIRST, "orders")


def test_a_trigger_is_told_of_its_channels(store: Store) -> None:
    both = "user_count,subscription_count"
    asked = [("orders", both), (ROOM, both), ("nobody", "subscription_count"), ("orders", "cache")]

    assert store.state.of(FIRST, asked) == [
        {"subscription_count": 2},
        {"subscription_count": 3, "user_count": 2},
        {"subscription_count": 0},
        {},
    ]
    assert store.counts.asked == [["orders", ROOM, "nobody"]]


def test_channels_are_counted_once_and_in_parts(store: Store) -> None:
    many = [(f"a{number}", "subscription_count") for number in range(AT_ONCE + 1)] * 2

    assert store.state.of(SECOND, many) == [{"subscription_count": 0}] * len(many)
    assert [len(each) for each in store.counts.asked] == [AT_ONCE, 1]
    assert store.counts.asked[1] == [f"7:a{AT_ONCE}"]
    assert store.state.of(FIRST, [("a", "")]) == [{}]
    assert len(store.counts.asked) == 2  # Nothing is asked of Redis for that.
