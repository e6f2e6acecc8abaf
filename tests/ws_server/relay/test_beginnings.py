"""Where a client begins that comes back, or that asks for the newest messages."""

import json

import pytest

from common.message import Mark, parse_id
from common.store.log_state import LogState
from common.store.places import Known
from tests.support.parts import Parts, numbered
from tests.support.places import FakePlaces
from tests.support.relays import GONE, connect
from ws_server.clients.beginning import AT_THE_HEAD, Beginning
from ws_server.door.listen import Listen
from ws_server.relay.memory import ClientMemory
from ws_server.relay.relay import Relay
from ws_server.wire.close_codes import TRY_AGAIN
from ws_server.wire.gap_reasons import TOO_OLD


@pytest.fixture
def filled(parts: Parts, relay: Relay) -> Relay:
    """It has relayed ten messages and then another process has settled one more."""
    relay.find_head()
    parts.log.push(*numbered(10))
    relay.tick()
    parts.log.write(b"ahead")
    return relay


@pytest.mark.parametrize(("last_id", "cursor"), [("e1-4-0", 4), ("e1-10-0", 10), ("e1-11-0", 11)])
def test_a_client_resumes_after_its_last_id(filled: Relay, last_id: str, cursor: int) -> None:
    beginning = filled.beginnings.find(Listen(last_id=last_id))

    assert (beginning.cursor, beginning.missing) == (cursor << 64, "")


@pytest.mark.parametrize(
    ("last_id", "cursor"), [("e2-4-0", None), ("nonsense", None), ("e1-12-0", 11), ("e1-1-0", None)]
)
def test_a_client_that_cannot_resume_is_told_why(
    parts: Parts, filled: Relay, last_id: str, cursor: int | None
) -> None:
    parts.log.forgotten = parse_id(b"3-0")
    filled.tick()

    beginning = filled.beginnings.find(Listen(last_id=last_id))

    assert beginning.cursor == (None if cursor is None else cursor << 64)
    assert beginning.missing
    assert beginning.asked == last_id


def test_an_id_of_a_newer_epoch_is_resumed_as_soon_as_this_process_follows(
    parts: Parts, relay: Relay
) -> None:
    """Another process has noticed a loss, and this one has not looked since."""
    relay.find_head()
    parts.log.push(*numbered(5))
    relay.tick()
    live = parts.connect(listen=Listen("json"))[1]
    parts.log.lose(keep=2)
    parts.log.write(b"new", b"newer")

    beginning = relay.beginnings.find(Listen("json", last_id="e1x-3-0"))
    client = parts.connect(listen=Listen("json"), beginning=beginning)[1]
    parts.start_catch_up()
    relay.tick()

    assert beginning.missing == ""
    assert [json.loads(payload).get("content") for payload in client.texts(2)] == [None, "newer"]
    assert [json.loads(payload).get("type") for payload in live.texts(4)[:2]] == ["welcome", "gap"]


def test_a_client_whose_id_redis_has_lost_gets_nothing_again_that_it_has(
    parts: Parts, relay: Relay
) -> None:
    """It has read six at another process, this one two, Redis has five left, and nobody knows."""
    relay.find_head()
    parts.log.push(*numbered(2))
    relay.tick()
    parts.log.write(*numbered(6)[2:])
    del parts.log.messages[5:]

    client = connect(parts, relay, Listen("json", last_id="e1-6-0"))
    relay.tick()
    parts.log.push(b"new")
    relay.tick()

    gap, welcome, new = map(json.loads, client.texts(3))
    assert (gap["after"], gap["id"]) == ("e1-6-0", "e1-5-0")
    assert (welcome["id"], welcome["complete"]) == ("e1-5-0", False)
    assert new["content"] == "new"


@pytest.mark.parametrize(("had", "missed"), [(5, ["new 0", "new 1"]), (2, ["2", "new 0", "new 1"])])
def test_a_client_of_the_epoch_before_gets_what_is_left_and_what_is_new(
    parts: Parts, relay: Relay, had: int, missed: list[str]
) -> None:
    relay.find_head()
    parts.log.push(*numbered(5))
    relay.tick()
    parts.log.lose(keep=3)
    parts.log.push(b"new 0", b"new 1")
    relay.tick()
    parts.start_catch_up()

    client = connect(parts, relay, Listen("json", last_id=f"e1-{had}-0"))

    gap, welcome, *rest = map(json.loads, client.texts(2 + len(missed)))
    assert gap["id"] == welcome["id"] == f"e1x-{min(had, 3)}-0"
    assert [row["content"].strip() for row in rest] == missed
    assert client.has_nothing()


def test_an_id_is_not_resumed_if_redis_loses_messages_while_it_is_looked_for(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.find_head()
    parts.log.write(*numbered(3))
    had = parts.log.has

    def has(id_: int) -> bool:
        found = had(id_)
        parts.log.lose(keep=2)
        relay.tick()
        return found

    monkeypatch.setattr(parts.log, "has", has)

    assert relay.beginnings.find(Listen("json", last_id="e1-3-0")).missing


def test_the_newest_of_a_log_that_has_forgotten_everything_are_none(
    parts: Parts, relay: Relay
) -> None:
    parts.log.write(*numbered(3))
    parts.log.forgotten = parts.log.last_id()
    parts.log.messages.clear()
    state = LogState("e1", 0, (3 << 64) + 1, 3 << 64)
    parts.log.look = lambda *_: state  # type: ignore[method-assign]
    relay.find_head()

    beginning = relay.beginnings.find(Listen(last=2))
    _, client = parts.connect(beginning=beginning)
    parts.start_catch_up()

    assert client.has_nothing()


def test_an_id_that_the_log_has_lost_is_not_resumed_in_silence(parts: Parts, relay: Relay) -> None:
    """It lies between two that are there: everything came back older while nobody looked."""
    parts.log.write(*numbered(3))
    relay.find_head()
    parts.connect()
    parts.log.write(*numbered(3))
    del parts.log.messages[4]
    relay.tick()

    assert relay.beginnings.find(Listen(last_id="e1-4-0")).missing == ""
    assert relay.beginnings.find(Listen(last_id="e1-5-0")).missing
    assert relay.beginnings.find(Listen(last_id="e1-2-0")).missing == ""


def test_who_claims_to_be_ahead_is_looked_up_once(parts: Parts, filled: Relay) -> None:
    filled.beginnings.find(Listen(last_id="e1-11-0"))
    parts.log.fault = GONE

    assert filled.beginnings.find(Listen(last_id="e1-11-0")).cursor == 11 << 64


def test_without_redis_who_claims_to_be_ahead_is_sent_away(parts: Parts, filled: Relay) -> None:
    """Believed, it would be told that nothing is missing; Redis may come back without its id."""
    parts.log.fault = GONE

    assert filled.beginnings.find(Listen(last_id="e1-12-0")) == Beginning(refused=TRY_AGAIN)
    assert filled.beginnings.find(Listen(format="json", last=1000)) == Beginning(refused=TRY_AGAIN)


@pytest.mark.parametrize("last", [3, 10, 11])
def test_a_client_starts_before_the_newest_messages(parts: Parts, relay: Relay, last: int) -> None:
    relay.find_head()
    parts.connect()
    parts.log.push(*numbered(10))
    relay.tick()

    beginning = relay.beginnings.find(Listen(last=last))

    assert beginning.cursor is not None
    follow = [id_ for id_, _ in parts.log.messages if parse_id(id_) > beginning.cursor]
    assert len(follow) == min(last, 10)


def test_a_client_of_the_newest_messages_can_resume_before_the_first_of_them_came(
    filled: Relay,
) -> None:
    cursor = filled.beginnings.find(Listen(last=3)).cursor

    assert cursor is not None
    beginning = filled.beginnings.find(Listen(last_id=str(Mark("e1", cursor))))
    assert (beginning.cursor, beginning.missing) == (cursor, "")


def test_an_ordinary_client_starts_at_the_head(filled: Relay) -> None:
    assert filled.beginnings.find(Listen(format="json")) == AT_THE_HEAD


@pytest.mark.parametrize(
    ("listen", "cursor"),
    [
        (Listen(), None),
        (Listen(last_id="e1-4-0"), 4 << 64),
        (Listen(last_id="e1-10-0"), 10 << 64),
        (Listen(last=3), 7 << 64),
    ],
)
def test_what_memory_says_is_not_asked_of_redis(
    parts: Parts, relay: Relay, listen: Listen, cursor: int | None
) -> None:
    relay.find_head()
    parts.connect()  # While somebody listens, memory keeps what comes.
    parts.log.push(*numbered(10))
    relay.tick()
    parts.log.fault = GONE

    beginning = relay.beginnings.find_in_memory(listen)

    assert beginning == Beginning(cursor, asked=listen.last_id)


@pytest.mark.parametrize(
    "listen", [Listen(last_id="e1-99-0"), Listen(last_id="e2-4-0"), Listen(last_id="nonsense")]
)
def test_what_memory_does_not_say_is_left_to_redis(filled: Relay, listen: Listen) -> None:
    assert filled.beginnings.find_in_memory(listen) is None


def test_an_id_that_was_found_is_looked_for_again_after_a_loss(parts: Parts, filled: Relay) -> None:
    assert filled.beginnings.find(Listen(last_id="e1-11-0")).missing == ""
    parts.log.lose(keep=10)
    filled.tick()
    parts.log.write(b"another one with this id")

    assert filled.beginnings.find_in_memory(Listen(last_id="e1x-11-0")) is None


@pytest.fixture
def remembered(filled: Relay) -> FakePlaces:
    places = FakePlaces()
    filled.beginnings.memory = ClientMemory(places, 60)
    return places


def test_a_client_that_is_not_known_begins_at_the_head(
    filled: Relay, remembered: FakePlaces
) -> None:
    assert filled.beginnings.find_in_memory(Listen(client="abc")) is None

    assert filled.beginnings.find(Listen(client="abc")) == Beginning(10 << 64, again=0)
    assert remembered.known["abc"] == Known(Mark("e1", 10 << 64), None)


def test_or_before_the_newest_messages_that_it_asks_for(
    filled: Relay, remembered: FakePlaces
) -> None:
    begins = filled.beginnings.find(Listen(client="abc", last=3))

    assert begins == Beginning(7 << 64, again=0)
    assert remembered.known["abc"].mark == Mark("e1", 7 << 64)


@pytest.mark.parametrize(
    ("sent", "again"), [(Mark("e1", 6 << 64), 6), (Mark("e1", 4 << 64), 0), (None, 10)]
)
def test_a_client_that_is_known_goes_on_where_it_was(
    filled: Relay, remembered: FakePlaces, sent: Mark | None, again: int
) -> None:
    remembered.known["abc"] = Known(Mark("e1", 4 << 64), sent)

    begins = filled.beginnings.find(Listen(client="abc", last=3))

    assert begins == Beginning(4 << 64, asked="e1-4-0", again=again)


def test_what_the_client_says_itself_wins(filled: Relay, remembered: FakePlaces) -> None:
    remembered.known["abc"] = Known(Mark("e1", 4 << 64), None)

    begins = filled.beginnings.find(Listen(client="abc", last_id="e1-2-0"))

    assert begins.cursor == 2 << 64


def test_a_client_whose_place_cannot_be_found_comes_again(
    filled: Relay, remembered: FakePlaces
) -> None:
    remembered.fault = GONE

    assert filled.beginnings.find(Listen(client="abc")) == Beginning(refused=TRY_AGAIN)


def test_a_client_whose_place_is_forgotten_is_told(
    parts: Parts, filled: Relay, remembered: FakePlaces
) -> None:
    parts.log.forgotten = parse_id(b"6-0")
    filled.tick()
    remembered.known["abc"] = Known(Mark("e1", 4 << 64), None)

    begins = filled.beginnings.find(Listen(client="abc"))

    assert (begins.missing, begins.asked) == (TOO_OLD, "e1-4-0")
