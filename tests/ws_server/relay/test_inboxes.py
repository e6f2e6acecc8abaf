"""What waits for a user: found, bounded, and told if it is not all."""

import json

import pytest

from common.errors import QueueUnavailable
from common.message import Mark, parse_id
from common.store.places import Known
from tests.support.parts import Parts
from tests.support.places import FakePlaces
from tests.support.relays import GONE
from ws_server.clients.beginning import Beginning
from ws_server.door.grant import Grant
from ws_server.door.listen import Listen
from ws_server.log.user_index import UserIndex
from ws_server.relay import inboxes as module
from ws_server.relay.inboxes import Inboxes, user_of
from ws_server.relay.memory import ClientMemory
from ws_server.relay.relay import Relay
from ws_server.wire.close_codes import TRY_AGAIN
from ws_server.wire.gap_reasons import TOO_OLD

USER = Grant("42")
OLD = ["user:42", "", "user:7", "orders", "user:42"]  # Before this process started.
NEW = ["", "user:42", "user:42"]


@pytest.fixture
def places() -> FakePlaces:
    return FakePlaces()


@pytest.fixture
def relay(parts: Parts, places: FakePlaces) -> Relay:
    """It has relayed what is NEW."""
    relay = Relay(parts.log, parts.hub)
    memory = ClientMemory(places, 60, user_of)
    relay.beginnings.inboxes = Inboxes(parts.log, parts.hub, memory)
    write(parts, OLD)
    relay.find_head()
    write(parts, NEW)
    relay.tick()
    return relay


def write(parts: Parts, names: list[str]) -> None:
    start = len(parts.log.messages) + 1
    contents = [str(start + number).encode() for number in range(len(names))]
    parts.log.write(*contents, recipients=[(name,) if name else () for name in names])


def at(id_: int, epoch: str = "e1") -> Mark:
    return Mark(epoch, id_ << 64)


def waiting(relay: Relay, **listen: object) -> Beginning:
    wanted = Listen(grant=USER, channels=USER.own, **listen)  # type: ignore[arg-type]
    assert relay.beginnings.find_in_memory(wanted) is None
    return relay.beginnings.find(wanted)


def contents(beginning: Beginning) -> list[bytes]:
    return beginning.waited.contents if beginning.waited else []


@pytest.mark.parametrize(
    ("place", "found"), [(0, [b"1", b"5", b"7", b"8"]), (1, [b"5", b"7", b"8"]), (7, [b"8"])]
)
def test_what_was_pushed_to_the_user_since_it_was_here_waits(
    relay: Relay, places: FakePlaces, place: int, found: list[bytes]
) -> None:
    places.known["42"] = Known(at(place), at(place))

    begins = waiting(relay)

    assert contents(begins) == found
    assert (begins.cursor, begins.missing) == (8 << 64, "")
    assert (begins.again, begins.waited_from) == (0, at(place))


def test_nothing_waits_for_who_has_it_all_or_was_never_here(
    relay: Relay, places: FakePlaces
) -> None:
    assert waiting(relay) == Beginning(8 << 64)
    assert places.known["42"].mark == at(8)

    begins = waiting(relay)
    assert (begins.waited, begins.waited_from, begins.cursor) == (None, None, 8 << 64)


def test_what_may_have_come_before_is_said(relay: Relay, places: FakePlaces) -> None:
    places.known["42"] = Known(at(5), at(7))

    assert waiting(relay).again == 7


def test_with_the_newest_messages_only_what_is_older_waits(
    relay: Relay, places: FakePlaces
) -> None:
    places.known["42"] = Known(at(0), None)

    begins = waiting(relay, last=2)

    assert (begins.cursor, contents(begins)) == (6 << 64, [b"1", b"5"])


def test_who_says_where_it_is_is_sent_all_from_there(relay: Relay, places: FakePlaces) -> None:
    begins = relay.beginnings.find(Listen(grant=USER, last_id="e1-2-0"))

    assert (begins.cursor, begins.waited) == (2 << 64, None)


@pytest.mark.parametrize(("form", "missing"), [("json", TOO_OLD), ("text", "")])
def test_what_the_log_has_forgotten_is_told_where_it_can_be(
    form: str, missing: str, parts: Parts, relay: Relay, places: FakePlaces
) -> None:
    parts.log.forgotten = parse_id(b"3-0")
    relay.tick()
    places.known["42"] = Known(at(1), None)

    begins = waiting(relay, format=form)

    assert (contents(begins), begins.missing) == ([b"5", b"7", b"8"], missing)
    assert begins.asked == ("e1-1-0" if missing else None)


def test_of_too_many_the_newest_wait_and_the_others_are_told(
    relay: Relay, places: FakePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    places.known["42"] = Known(at(0), None)

    monkeypatch.setattr(module, "MOST_MESSAGES", 3)
    begins = waiting(relay, format="json")
    assert (contents(begins), begins.missing) == ([b"5", b"7", b"8"], TOO_OLD)

    monkeypatch.setattr(module, "MOST_BYTES", 1)
    monkeypatch.setattr(module, "AT_ONCE", 2)
    assert contents(waiting(relay)) == [b"7", b"8"]


def test_what_there_was_no_room_to_note_is_told(
    parts: Parts, relay: Relay, places: FakePlaces
) -> None:
    index = parts.hub.recent.users = UserIndex(2)
    index.rewind(parts.hub.mark.id)
    write(parts, ["user:42", "user:7", "user:42"])
    relay.tick()
    places.known["42"] = Known(at(8), None)
    begins = waiting(relay, format="json")
    assert (contents(begins), begins.missing) == ([b"11"], TOO_OLD)

    places.known["42"] = Known(at(9), None)
    assert waiting(relay, format="json").missing == ""


def test_what_the_log_has_forgotten_is_forgotten_by_the_index_too(
    parts: Parts, relay: Relay, places: FakePlaces
) -> None:
    places.known["42"] = Known(at(0), None)
    waiting(relay)  # So it is read backwards.
    index = parts.hub.recent.users
    assert index is not None
    before = len(index)

    parts.log.forgotten = at(7).id
    relay.tick()

    assert (before, len(index)) == (5, 1)
    assert contents(waiting(relay)) == [b"8"]


def test_after_a_loss_what_the_log_has_left_waits_and_the_loss_is_told(
    relay: Relay, places: FakePlaces
) -> None:
    places.known["42"] = Known(at(5, "e0"), None)

    assert waiting(relay, format="json").missing == TOO_OLD


@pytest.mark.parametrize(("place", "sent", "again"), [(5, 7, 7), (7, 8, 8), (8, None, 9)])
def test_after_a_loss_what_was_confirmed_and_is_left_does_not_come_again(
    parts: Parts,
    relay: Relay,
    places: FakePlaces,
    place: int,
    sent: int | None,
    again: int,
) -> None:
    parts.log.lose(keep=7)
    relay.tick()
    write(parts, ["user:42", "user:42"])
    relay.tick()
    places.known["42"] = Known(at(place), None if sent is None else at(sent))

    begins = waiting(relay, format="json")

    left = [b"7", b"8", b"9"] if place < 7 else [b"8", b"9"]
    assert (contents(begins), begins.missing) == (left, TOO_OLD)
    assert begins.again == again


def test_of_an_epoch_that_nobody_remembers_all_that_is_left_comes_and_may_have_come_before(
    relay: Relay, places: FakePlaces
) -> None:
    places.known["42"] = Known(at(5, "e0"), at(5, "e0"))

    begins = waiting(relay, format="json")

    assert contents(begins) == [b"1", b"5", b"7", b"8"]
    assert begins.again == 8


def test_who_was_told_of_a_loss_by_another_process_comes_again(
    relay: Relay, places: FakePlaces
) -> None:
    places.known["42"] = Known(at(5, "e1x"), None)

    assert waiting(relay) == Beginning(refused=TRY_AGAIN)


def test_while_redis_is_away_the_user_comes_again(
    parts: Parts, relay: Relay, places: FakePlaces
) -> None:
    places.fault = GONE
    assert waiting(relay) == Beginning(refused=TRY_AGAIN)
    places.fault = None
    places.known["42"] = Known(at(0), None)
    parts.log.fault = QueueUnavailable("gone")
    assert waiting(relay) == Beginning(refused=TRY_AGAIN)


def test_what_waits_comes_first(parts: Parts, relay: Relay, places: FakePlaces) -> None:
    places.known["42"] = Known(at(5), None)
    listen = Listen(format="json", grant=USER, channels=USER.own)
    begins = relay.beginnings.find(listen)
    parts.start_catch_up()

    _, client = parts.connect(listen=listen, beginning=begins)
    write(parts, ["user:42"])
    relay.tick()

    welcome, *rows = map(json.loads, client.texts(5))
    cursor = rows.pop(2)
    assert (welcome["type"], cursor["type"]) == ("welcome", "cursor")
    assert [(row["content"], row["channel"]) for row in rows] == [
        (number, "user:42") for number in "789"
    ]
