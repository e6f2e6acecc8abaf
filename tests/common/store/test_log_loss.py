"""What the log lacks is noticed, whoever took it away, and nothing else is taken for a loss."""

import time
from typing import Any

import pytest
import redis

from common.message import Mark, format_id, parse_id
from common.store.broker import LONG, Broker, History

pytestmark = pytest.mark.integration

ENOUGH = 100_000
NOTHING = Mark("", 0)


@pytest.fixture
def broker(client: redis.Redis, key: str) -> Broker:
    return Broker(client, key, History(ENOUGH, ENOUGH))


def settle(broker: Broker, *items: bytes, known: Mark = NOTHING) -> Mark:
    """The newest message; what it found of `known` is thrown away."""
    broker.push(items)
    broker.settle_and_read(known, 1)
    state = broker.look()
    return Mark(state.epoch, state.last)


def numbered(count: int) -> list[bytes]:
    return [b"%d" % at for at in range(count)]


def ids(client: redis.Redis, key: str) -> list[int]:
    entries: Any = client.xrange(f"{{{key}}}:log")
    return [parse_id(id_) for id_, _ in entries]


def trim(client: redis.Redis, key: str, keep: int) -> None:
    """As somebody else does it."""
    client.xtrim(f"{{{key}}}:log", maxlen=keep, approximate=False)


def test_a_log_that_is_gone_is_noticed_also_if_nothing_came_since_its_epoch_began(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    ahead = f"{round(time.time() + 3600) * 1000}-0"  # What comes after the loss has older ids.
    client.xadd(f"{{{key}}}:log", {"c": "of the future"}, id=ahead)
    state = broker.look()
    known = Mark(state.epoch, state.last)

    client.delete(f"{{{key}}}:log")
    broker.push([b"after the loss"])
    settled, _ = broker.settle_and_read(known, 1)

    assert settled.moved == 1
    assert settled.log.epoch != known.epoch
    assert settled.log.start == 0


# The floor


def test_a_log_that_never_forgot_is_whole_from_the_first_message_on(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    first = settle(broker, b"a")
    settle(broker, b"b")

    assert broker.look().floor - 1 == 0  # Whoever came when it was empty has missed nothing.
    floor, first_entry = client.mget(f"{{{key}}}:floor", f"{{{key}}}:first")
    assert (floor, first_entry) == (b"0-1", format_id(first.id))


@pytest.mark.parametrize("keep", [0, 3])
def test_a_log_that_somebody_has_trimmed_is_whole_from_what_is_left_on(
    broker: Broker, client: redis.Redis, key: str, keep: int
) -> None:
    last = settle(broker, *numbered(10))
    left = ids(client, key)[10 - keep :]

    trim(client, key, keep)

    assert broker.look(last).floor == (left[0] if left else last.id + 1)
    assert broker.look(last).epoch == last.epoch
    assert broker.look(Mark(last.epoch, last.id)).floor - 1 <= last.id


def test_a_log_that_was_emptied_goes_on_without_a_gap(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    last = settle(broker, *numbered(3))
    trim(client, key, 0)
    broker.look()

    settle(broker, b"new", known=last)
    settle(broker, b"newer", known=last)

    assert broker.look().floor == last.id + 1
    assert broker.read_after(last, 10)[0].contents == [b"new", b"newer"]


@pytest.mark.parametrize("name", ["floor", "first", "floor first"])
def test_a_floor_that_was_evicted_is_healed_by_what_is_there(
    broker: Broker, client: redis.Redis, key: str, name: str
) -> None:
    settle(broker, *numbered(5))
    trim(client, key, 3)
    client.delete(*[f"{{{key}}}:{each}" for each in name.split()])

    assert broker.look().floor == ids(client, key)[0]


@pytest.mark.parametrize("name", ["floor", "first", "floor first"])
def test_of_a_log_that_never_lost_anything_the_floor_is_known_without_it(
    broker: Broker, client: redis.Redis, key: str, name: str
) -> None:
    start = broker.look()
    settle(broker, *numbered(3))
    client.delete(*[f"{{{key}}}:{each}" for each in name.split()])

    assert broker.look().floor - 1 == start.last == 0
    assert broker.read_between(0, broker.look().last, 10).is_whole


@pytest.mark.parametrize("kept", [None, 0])
def test_what_another_version_writes_into_an_empty_log_is_no_gap_for_who_is_at_its_end(
    broker: Broker, client: redis.Redis, key: str, kept: int | None
) -> None:
    """It writes neither floor nor first; also if the log was emptied before."""
    if kept is not None:
        settle(broker, *numbered(3))
        trim(client, key, kept)
    at = broker.look()

    client.xadd(f"{{{key}}}:log", {"c": "theirs"})

    (last,) = ids(client, key)
    assert broker.read_between(at.last, last, 10).is_whole
    assert broker.look(Mark(at.epoch, at.last)).floor - 1 <= at.last
    assert broker.read_between(at.last, last, 10).is_whole
    client.xadd(f"{{{key}}}:log", {"c": "theirs, too"})
    trim(client, key, 1)
    assert not broker.read_between(at.last, ids(client, key)[0], 10).is_whole
    assert broker.look().floor - 1 > at.last


def test_a_floor_beyond_the_first_entry_is_none(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    """It would lead everybody to a place where nothing comes for years."""
    settle(broker, b"a")
    client.set(f"{{{key}}}:floor", "99999999999999-0")

    assert broker.look().floor <= ids(client, key)[0]


@pytest.mark.parametrize("text", ["", "x", "5", "5-", "99999999999999-0", "0-0-0"])
def test_a_floor_that_is_none_is_healed(
    broker: Broker, client: redis.Redis, key: str, text: str
) -> None:
    settle(broker, b"a", b"b")
    trim(client, key, 1)
    client.set(f"{{{key}}}:floor", text)
    client.delete(f"{{{key}}}:first")

    assert broker.look().floor == ids(client, key)[0]


def test_a_message_that_somebody_has_deleted_is_no_loss(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    last = settle(broker, *numbered(5))
    log = f"{{{key}}}:log"
    entries = ids(client, key)

    client.xdel(log, format_id(entries[2]))
    assert broker.look(last).floor == 1
    client.xdel(log, format_id(entries[-1]))

    assert broker.look(last).epoch == last.epoch


def test_the_largest_ids_are_told_apart(broker: Broker, client: redis.Redis, key: str) -> None:
    largest = (1 << 128) - 1
    settle(broker, b"a")
    client.xadd(f"{{{key}}}:log", {"c": "x"}, id=format_id(largest - 5))
    client.xadd(f"{{{key}}}:log", {"c": "y"}, id=format_id(largest))
    known = broker.look()
    trim(client, key, 1)

    state = broker.look(Mark(known.epoch, largest - 5))

    assert (state.epoch, state.floor) == (known.epoch, largest)


# Readers


def test_a_reader_notices_that_the_log_was_trimmed_past_what_it_knows(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    known = settle(broker, b"known")
    settle(broker, *numbered(10), known=known)
    assert broker.read_after(known, 20)[1] is False  # The first answer of a new connection.
    assert broker.read_after(known, 20)[1] is True

    trim(client, key, 3)

    page, is_sure = broker.read_after(known, 20)
    assert (page.contents, is_sure) == (numbered(10)[-3:], False)
    assert broker.look(known).floor - 1 > known.id  # So a gap is told.


def test_a_settler_notices_that_the_log_was_trimmed_past_what_it_knows(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    known = settle(broker, b"known")
    settle(broker, *numbered(10))
    trim(client, key, 3)

    settled, _ = broker.settle_and_read(known, 20)

    assert settled.log.epoch == known.epoch
    assert settled.log.floor - 1 > known.id


def test_who_reads_at_the_head_of_an_empty_log_is_sure_as_soon_as_something_is_there(
    broker: Broker,
) -> None:
    known = Mark(broker.look().epoch, 0)
    broker.read_after(known, 1)
    assert broker.read_after(known, 1)[1] is True

    first = settle(broker, b"a")
    settle(broker, b"b")

    assert broker.read_after(known, 10)[1] is False  # It looks once,
    assert broker.look(known).floor - 1 <= known.id  # and finds it whole.
    assert broker.read_after(first, 10)[1] is True


def test_a_long_message_is_not_read_again_to_see_whether_it_is_there(
    broker: Broker, client: redis.Redis
) -> None:
    start = Mark(broker.look().epoch, 0)
    known = settle(broker, b"x" * (LONG + 1))
    broker.read_after(start, 1)
    before = client.info("stats")["total_net_output_bytes"]

    for _ in range(10):
        assert broker.read_after(known, 1)[1] is True

    assert client.info("stats")["total_net_output_bytes"] - before < LONG


# Epochs


@pytest.mark.parametrize("future", [b"fffffffffff", b"1ffffffffffff"])
def test_a_new_epoch_is_newer_than_all_that_are_known_whatever_the_clock_says(
    broker: Broker, client: redis.Redis, key: str, future: bytes
) -> None:
    last = settle(broker, b"a")
    client.set(f"{{{key}}}:epoch", future + b" 0-0")
    known = Mark(future.decode(), last.id)
    assert broker.look(known).epoch == known.epoch
    client.delete(f"{{{key}}}:log")

    names = [broker.look(known).epoch]
    client.delete(f"{{{key}}}:epoch")
    names.append(broker.look(Mark(names[0], last.id)).epoch)

    assert [int(name, 16) for name in names] == [int(future, 16) + 1, int(future, 16) + 2]


def test_a_log_that_is_gone_is_noticed_also_by_who_has_just_come(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    settle(broker, b"a")
    client.delete(f"{{{key}}}:epoch")
    began = broker.look()
    assert began.start == began.last > 0
    client.delete(f"{{{key}}}:log")

    come = broker.look()

    assert int(come.epoch, 16) > int(began.epoch, 16)
    assert broker.look() == come


def test_a_redis_that_went_back_to_an_older_epoch_begins_a_new_one(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    last = settle(broker, b"a")
    newer = f"{int(last.epoch, 16) + 5000:x}"

    assert int(broker.look(Mark(newer, last.id)).epoch, 16) > int(newer, 16)


@pytest.mark.parametrize(
    "text", ["", "x", "zz 0-0", "0abc 0-0", "abc", "ABC 0-0", f"{'f' * 14} 0-0"]
)
def test_an_epoch_that_is_none_is_begun_anew(
    broker: Broker, client: redis.Redis, key: str, text: str
) -> None:
    client.set(f"{{{key}}}:epoch", text)

    name = broker.look().epoch

    assert abs(int(name, 16) - time.time() * 1000) < 60_000
    assert broker.look().epoch == name


def test_no_id_is_given_again_by_a_log_that_went_back_while_the_clock_is_behind(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    log, ahead = f"{{{key}}}:log", round(time.time() + 3600) * 1000
    client.xadd(log, {"c": "of the future"}, id=f"{ahead}-0")
    kept: Any = client.dump(log)
    known = settle(broker, *numbered(5))
    client.restore(log, 0, kept, replace=True)

    settle(broker, *numbered(20))  # By somebody who has read none of what is lost.

    before, first, *others, last = ids(client, key)
    assert first - before > 1
    assert last - first == len(others) + 1
    assert first >> 64 == ahead
    assert broker.look(known).epoch != known.epoch


def test_a_loss_that_a_slow_process_notices_late_begins_one_epoch_only(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    """Redis has lost what it knows, and another has settled newer messages since."""
    last = settle(broker, *numbered(3))
    log = f"{{{key}}}:log"
    older = ids(client, key)[0]
    client.delete(log)
    client.xadd(log, {"c": "0"}, id=f"{older >> 64}-{older & 0xFFFF}")
    settle(broker, b"newer")  # By somebody who knows nothing.

    epochs = [broker.look(last)]
    for _ in range(3):
        place = min(last.id, epochs[-1].start)
        epochs.append(broker.look(Mark(epochs[-1].epoch, place)))

    assert epochs[0].epoch != last.epoch
    assert {each.epoch for each in epochs[1:]} == {epochs[0].epoch}
