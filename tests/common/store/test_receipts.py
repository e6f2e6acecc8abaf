"""Receipts in a real Valkey: what a push, a settle and the processes leave, and what is read."""

from itertools import chain
from typing import Any

import pytest
import redis

from common.message import Tracked, format_id, item_of, parse_id
from common.receipt import Counted, Numbers, Run, stretch_of
from common.store.beats import RedisBeats
from common.store.keys import Keys
from common.store.receipts import RedisReceiptReader, RedisReceiptWriter, Said
from tests.support.store import NOTHING, Center, envelope

pytestmark = pytest.mark.integration

SECONDS = 100
TWO = Numbers(to=2, missed=0, confirmed=1, behind=0)


@pytest.fixture
def center(client: redis.Redis, key: str) -> Center:
    return Center(client, key)


@pytest.fixture
def reader(client: redis.Redis, key: str) -> RedisReceiptReader:
    return RedisReceiptReader(client, key)


@pytest.fixture
def writer(client: redis.Redis, key: str) -> RedisReceiptWriter:
    return RedisReceiptWriter(client, key, "one", SECONDS)


def settle(center: Center, id_: str, *channels: str) -> int:
    """Push something under an id, have it settled, and say where it is in the log."""
    center.queue.push([item_of("hello", b"hello", channels, Tracked(id_))])
    _, page = center.log.settle_and_read(NOTHING, 1000)
    return page.last


def of_all(at: int, numbers: Numbers = TWO, *, is_cut: bool = False) -> Counted:
    """What is said of a message for everybody."""
    return Counted(stretch_of(at), [Run(at, at, numbers)], None, is_cut)


def beat(client: redis.Redis, key: str, process: str) -> None:
    RedisBeats(client, key).beat(process, {"kind": "ws"})


def test_nobody_knows_what_nobody_has_asked_for(center: Center, reader: RedisReceiptReader) -> None:
    center.queue.push_once([b"plain"], ["p"], SECONDS)
    center.settle()

    assert reader.read("p") is None


def test_what_is_queued_is_known_as_such_and_its_time_goes_into_the_log(
    center: Center, reader: RedisReceiptReader
) -> None:
    id_ = Tracked("order 42/a:b")
    center.queue.push_once([item_of("x", b"x", (), id_)], [id_], SECONDS)
    queued = reader.read(id_)
    _, page = center.log.settle_and_read(NOTHING, 1000)

    assert queued is not None
    assert queued.queued is not None
    assert (queued.at, queued.said) == (None, [])
    assert abs(queued.now - queued.queued) < 5000
    assert page.receipts == [str(queued.queued).encode()]


def test_a_settle_says_where_it_is_for_whom_and_who_is_to_count(
    client: redis.Redis, key: str, center: Center, reader: RedisReceiptReader
) -> None:
    beat(client, key, "one")
    RedisBeats(client, key).beat("api", {"kind": "http"})
    at = settle(center, "p", "orders", "user:42")
    known = reader.read("p")

    assert known is not None
    assert known.at == center.at(at)
    assert known.recipients == ("orders", "user:42")
    assert known.now < known.until
    assert known.said == [Said(None, {}, is_running=True, has_left=False, late=[])]


def test_what_processes_say_is_read(
    client: redis.Redis,
    key: str,
    center: Center,
    reader: RedisReceiptReader,
    writer: RedisReceiptWriter,
) -> None:
    other = RedisReceiptWriter(client, key, "two", SECONDS)
    beat(client, key, "one")
    at = settle(center, "p", "user:42")
    late = [{"user": "42", "ids": ["p"]}]
    name, runs = format_id(at).decode(), [Run(at, at, TWO)]
    writer.write([Counted(name, runs, {"42": TWO})], late)
    other.write([Counted(name, runs, is_cut=True)], None)
    known = reader.read("p")

    assert known is not None
    assert sorted(known.said, key=lambda said: said.is_running) == [
        Said(TWO, {}, is_running=False, has_left=False, late=[]),
        Said(TWO, {"42": TWO}, is_running=True, has_left=False, late=late),
    ]


def test_a_process_that_leaves_is_told_from_one_that_was_killed(
    center: Center, reader: RedisReceiptReader, writer: RedisReceiptWriter
) -> None:
    at = settle(center, "p")
    writer.write([of_all(at)], [])
    killed = reader.read("p")
    writer.leave()
    left = reader.read("p")

    assert killed is not None
    assert left is not None
    assert [(said.is_running, said.has_left) for said in killed.said + left.said] == [
        (False, False),
        (False, True),
    ]


def test_a_write_that_comes_late_changes_nothing(
    client: redis.Redis,
    key: str,
    center: Center,
    reader: RedisReceiptReader,
    writer: RedisReceiptWriter,
) -> None:
    at = settle(center, "p")
    late = RedisReceiptWriter(client, key, "one", SECONDS)
    for _ in range(2):
        writer.write([of_all(at)], [])
    late.write([of_all(at, Numbers(0, 0, 0, 0))], [{"user": None}])
    known = reader.read("p")

    assert known is not None
    assert [(said.numbers, said.late) for said in known.said] == [(TWO, [])]


def test_what_is_said_of_another_message_under_the_same_id_is_not_taken(
    center: Center, reader: RedisReceiptReader, writer: RedisReceiptWriter
) -> None:
    first = settle(center, "p")
    writer.write([of_all(first)], None)
    second = settle(center, "p")
    writer.write([of_all(first)], None)
    known = reader.read("p")

    assert first < second
    assert known is not None
    assert (known.at, known.said) == (center.at(second), [])


def test_a_bounded_number_is_kept_for_a_bounded_time(
    client: redis.Redis, key: str, center: Center, reader: RedisReceiptReader
) -> None:
    most = 10_000
    ids = ["again", *(f"p{number}" for number in range(most + 498)), "again"]
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        center.queue.push([envelope(content="x", receipt=id_) for id_ in some])
        center.settle()
    kept: Any = client.llen(Keys(key).receipts)

    assert kept == most
    assert reader.read("p498") is None
    for id_ in ("p499", "again"):
        assert reader.read(id_) is not None
    assert client.hlen(Keys(key).asked) == most
    stretches = client.keys(Keys(key).counted("*"))
    assert len(stretches) <= 1 + len(ids) // 500
    for name in (Keys(key).asked, Keys(key).receipts, *stretches):
        assert 0 < client.pttl(name) <= 2 * 3600 * 1000


def test_those_that_can_be_read_no_more_are_forgotten_when_others_come(
    client: redis.Redis, key: str, center: Center
) -> None:
    keys, now = Keys(key), int(client.time()[0])
    settle(center, "new")
    ages = {"kept": 2 * 3600 - 60} | {f"old{number}": 2 * 3600 + 60 for number in range(2_500)}
    places = {id_: f"{1000 * (now - age)}-0" for id_, age in ages.items()}
    client.rpush(keys.receipts, *(f"{at} {id_}" for id_, at in places.items()))
    client.hset(keys.asked, items=list(chain.from_iterable(places.items())))
    counted = keys.counted(stretch_of(parse_id(places["old0"].encode())))
    client.hset(counted, "until", "1")

    settle(center, "newer")

    assert set(client.hkeys(keys.asked)) == {b"new", b"newer", b"kept"}
    assert client.llen(keys.receipts) == 3
    assert not client.exists(counted)


def test_of_messages_for_some_a_bounded_number_is_kept_too(
    client: redis.Redis, key: str, center: Center, reader: RedisReceiptReader
) -> None:
    """Each has numbers of its own; those for everybody among them have them together."""
    for start in range(0, 10_200, 300):
        ids = [f"p{number}" for number in range(start, start + 300)]
        to_some = [{"channel": "a"}, {}, {"channel": "b"}] * 100
        pairs = zip(ids, to_some, strict=True)
        center.queue.push([envelope(content="x", receipt=id_, **to) for id_, to in pairs])
        center.settle()
    stretches = client.keys(Keys(key).counted("*-*"))

    assert len(stretches) == pytest.approx(10_000 * 2 / 3, abs=1)
    known = [reader.read(f"p{number}") for number in (199, 200, 201, 10_199)]
    assert [each and each.recipients for each in known] == [None, ("b",), ("a",), ("b",)]
    assert reader.read("p202") is not None


def test_messages_that_come_together_are_told_of_together(
    client: redis.Redis,
    key: str,
    center: Center,
    reader: RedisReceiptReader,
    writer: RedisReceiptWriter,
) -> None:
    ids = ["first", "second", "third"]
    center.queue.push([envelope(content="x", receipt=id_) for id_ in ids])
    _, page = center.log.settle_and_read(NOTHING, 1000)
    first, second, third = map(parse_id, page.ids)
    other = Numbers(5, 1, 2, 1)
    said = Counted(stretch_of(first), [Run(first, second, TWO), Run(third, third, other)])
    writer.write([said], None)

    assert len(client.keys(Keys(key).counted("*"))) == 1
    assert [numbers(reader, id_) for id_ in ids] == [TWO, TWO, other]


def test_a_process_that_was_not_there_yet_says_nothing_of_what_came_before(
    center: Center, reader: RedisReceiptReader, writer: RedisReceiptWriter
) -> None:
    """Though later messages of the same millisecond have its numbers."""
    at = settle(center, "p")
    writer.write([Counted(stretch_of(at), [Run(at + 1, at + 9, TWO)])], None)
    known = reader.read("p")

    assert known is not None
    assert known.said == []


def numbers(reader: RedisReceiptReader, id_: str) -> Numbers | None:
    """What the only process says."""
    known = reader.read(id_)
    assert known is not None
    (said,) = known.said
    return said.numbers


@pytest.mark.parametrize("receipt", ["", "é", "a\n", "x" * 256, [], {"a": 1}, True, 1.5])
def test_what_cannot_be_an_id_is_set_aside(center: Center, receipt: object) -> None:
    center.queue.push([envelope(content="x", receipt=receipt)])
    done = center.settle()

    assert (done.moved, done.rejected, done.reason) == (0, 1, "receipt is no id")


def test_a_whole_number_is_an_id(center: Center, reader: RedisReceiptReader) -> None:
    center.queue.push([envelope(content="x", receipt=42)])
    center.settle()

    assert reader.read("42") is not None
