"""What the log lacks is noticed, whoever took it away, and nothing else is taken for a loss."""

import time
from typing import Any

import pytest
import redis

from common.errors import QueueUnavailable
from common.message import Mark, format_id, parse_id
from common.store.log import LONG
from tests.support.store import Center

pytestmark = pytest.mark.integration

NOTHING = Mark("", 0)


def settle(center: Center, *items: bytes, known: Mark = NOTHING) -> Mark:
    """The newest message; what it found of `known` is thrown away."""
    center.queue.push(items)
    center.log.settle_and_read(known, 1)
    state = center.log.look()
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
    center: Center, client: redis.Redis, key: str
) -> None:
    ahead = f"{round(time.time() + 3600) * 1000}-0"  # What comes after the loss has older ids.
    client.xadd(f"{{{key}}}:log", {"c": "of the future"}, id=ahead)
    state = center.log.look()
    known = Mark(state.epoch, state.last)

    client.delete(f"{{{key}}}:log")
    center.queue.push([b"after the loss"])
    settled, _ = center.log.settle_and_read(known, 1)

    assert settled.moved == 1
    assert settled.log.epoch != known.epoch
    assert settled.log.start == 0


# The floor


def test_a_log_that_never_forgot_is_whole_from_the_first_message_on(
    center: Center, client: redis.Redis, key: str
) -> None:
    first = settle(center, b"a")
    settle(center, b"b")

    assert center.log.look().floor - 1 == 0  # Whoever came when it was empty has missed nothing.
    floor, first_entry = client.mget(f"{{{key}}}:floor", f"{{{key}}}:first")
    assert (floor, first_entry) == (b"0-1", format_id(first.id))


@pytest.mark.parametrize("keep", [0, 3])
def test_a_log_that_somebody_has_trimmed_is_whole_from_what_is_left_on(
    center: Center, client: redis.Redis, key: str, keep: int
) -> None:
    last = settle(center, *numbered(10))
    left = ids(client, key)[10 - keep :]

    trim(client, key, keep)

    assert center.log.look(last).floor == (left[0] if left else last.id + 1)
    assert center.log.look(last).epoch == last.epoch
    assert center.log.look(Mark(last.epoch, last.id)).floor - 1 <= last.id


def test_a_log_that_was_emptied_goes_on_without_a_gap(
    center: Center, client: redis.Redis, key: str
) -> None:
    last = settle(center, *numbered(3))
    trim(client, key, 0)
    center.log.look()

    settle(center, b"new", known=last)
    settle(center, b"newer", known=last)

    assert center.log.look().floor == last.id + 1
    assert center.log.read_after(last, 10)[0].contents == [b"new", b"newer"]


@pytest.mark.parametrize("name", ["floor", "first", "floor first"])
def test_a_floor_that_was_evicted_is_healed_by_what_is_there(
    center: Center, client: redis.Redis, key: str, name: str
) -> None:
    settle(center, *numbered(5))
    trim(client, key, 3)
    client.delete(*[f"{{{key}}}:{each}" for each in name.split()])

    assert center.log.look().floor == ids(client, key)[0]


@pytest.mark.parametrize("name", ["floor", "first", "floor first"])
def test_of_a_log_that_never_lost_anything_the_floor_is_known_without_it(
    center: Center, client: redis.Redis, key: str, name: str
) -> None:
    start = center.log.look()
    settle(center, *numbered(3))
    client.delete(*[f"{{{key}}}:{each}" for each in name.split()])

    assert center.log.look().floor - 1 == start.last == 0
    assert center.log.read_between(center.at(0), center.log.look().last, 10).is_whole


@pytest.mark.parametrize("kept", [None, 0])
def test_what_another_version_writes_into_an_empty_log_is_no_gap_for_who_is_at_its_end(
    center: Center, client: redis.Redis, key: str, kept: int | None
) -> None:
    """It writes neither floor nor first; also if the log was emptied before."""
    if kept is not None:
        settle(center, *numbered(3))
        trim(client, key, kept)
    at = center.log.look()

    client.xadd(f"{{{key}}}:log", {"c": "theirs"})

    (last,) = ids(client, key)
    assert center.log.read_between(center.at(at.last), last, 10).is_whole
    assert center.log.look(Mark(at.epoch, at.last)).floor - 1 <= at.last
    assert center.log.read_between(center.at(at.last), last, 10).is_whole
    client.xadd(f"{{{key}}}:log", {"c": "theirs, too"})
    trim(client, key, 1)
    assert not center.log.read_between(center.at(at.last), ids(client, key)[0], 10).is_whole
    assert center.log.look().floor - 1 > at.last


def test_a_floor_beyond_the_first_entry_is_none(
    center: Center, client: redis.Redis, key: str
) -> None:
    """It would lead everybody to a place where nothing comes for years."""
    settle(center, b"a")
    client.set(f"{{{key}}}:floor", "99999999999999-0")

    assert center.log.look().floor <= ids(client, key)[0]


@pytest.mark.parametrize("text", ["", "x", "5", "5-", "99999999999999-0", "0-0-0"])
def test_a_floor_that_is_none_is_healed(
    center: Center, client: redis.Redis, key: str, text: str
) -> None:
    settle(center, b"a", b"b")
    trim(client, key, 1)
    client.set(f"{{{key}}}:floor", text)
    client.delete(f"{{{key}}}:first")

    assert center.log.look().floor == ids(client, key)[0]


def test_a_message_that_somebody_has_deleted_is_no_loss(
    center: Center, client: redis.Redis, key: str
) -> None:
    last = settle(center, *numbered(5))
    log = f"{{{key}}}:log"
    entries = ids(client, key)

    client.xdel(log, format_id(entries[2]))
    assert center.log.look(last).floor == 1
    client.xdel(log, format_id(entries[-1]))

    assert center.log.look(last).epoch == last.epoch


def test_the_largest_ids_are_told_apart(center: Center, client: redis.Redis, key: str) -> None:
    largest = (1 << 128) - 1
    settle(center, b"a")
    client.xadd(f"{{{key}}}:log", {"c": "x"}, id=format_id(largest - 5))
    client.xadd(f"{{{key}}}:log", {"c": "y"}, id=format_id(largest))
    known = center.log.look()
    trim(client, key, 1)

    state = center.log.look(Mark(known.epoch, largest - 5))

    assert (state.epoch, state.floor) == (known.epoch, largest)


# Readers


def test_a_reader_notices_that_the_log_was_trimmed_past_what_it_knows(
    center: Center, client: redis.Redis, key: str
) -> None:
    known = settle(center, b"known")
    settle(center, *numbered(10), known=known)
    assert center.log.read_after(known, 20)[1] is False  # The first answer of a new connection.
    assert center.log.read_after(known, 20)[1] is True

    trim(client, key, 3)

    page, is_sure = center.log.read_after(known, 20)
    assert (page.contents, is_sure) == (numbered(10)[-3:], False)
    assert center.log.look(known).floor - 1 > known.id  # So a gap is told.


def test_a_settler_notices_that_the_log_was_trimmed_past_what_it_knows(
    center: Center, client: redis.Redis, key: str
) -> None:
    known = settle(center, b"known")
    settle(center, *numbered(10))
    trim(client, key, 3)

    settled, _ = center.log.settle_and_read(known, 20)

    assert settled.log.epoch == known.epoch
    assert settled.log.floor - 1 > known.id


def test_who_reads_at_the_head_of_an_empty_log_is_sure_as_soon_as_something_is_there(
    center: Center,
) -> None:
    known = Mark(center.log.look().epoch, 0)
    center.log.read_after(known, 1)
    assert center.log.read_after(known, 1)[1] is True

    first = settle(center, b"a")
    settle(center, b"b")

    assert center.log.read_after(known, 10)[1] is False  # It looks once,
    assert center.log.look(known).floor - 1 <= known.id  # and finds it whole.
    assert center.log.read_after(first, 10)[1] is True


def test_a_long_message_is_not_read_again_to_see_whether_it_is_there(
    center: Center, client: redis.Redis
) -> None:
    start = Mark(center.log.look().epoch, 0)
    known = settle(center, b"x" * (LONG + 1))
    center.log.read_after(start, 1)
    before = client.info("stats")["total_net_output_bytes"]

    for _ in range(10):
        assert center.log.read_after(known, 1)[1] is True

    assert client.info("stats")["total_net_output_bytes"] - before < LONG


@pytest.mark.parametrize("way", ["all", "picked"])
def test_who_reads_old_messages_is_not_given_those_of_a_log_that_began_anew(
    center: Center, client: redis.Redis, key: str, way: str
) -> None:
    """Ids may come again, if the clock of Redis is behind; the epoch does not."""

    def read(after: Mark) -> list[bytes]:
        stretch = (
            center.log.read_between(after, last, 10)
            if way == "all"
            else center.log.pick_between(after, last, frozenset())
        )
        return stretch.page.contents

    known, last = settle(center, *numbered(3)), (1 << 127)
    log, epoch = f"{{{key}}}:log", f"{{{key}}}:epoch"
    first = ids(client, key)[0]
    start = Mark(known.epoch, 0)
    assert read(start) == numbered(3)

    client.delete(log)
    new = center.log.look(known)  # Another process notices it, and settles.
    client.xadd(log, {"c": "new"}, id=format_id(first))

    with pytest.raises(QueueUnavailable, match=r"has lost messages"):
        read(start)
    assert read(Mark(new.epoch, 0)) == [b"new"]
    client.delete(epoch)
    with pytest.raises(QueueUnavailable):
        read(Mark(new.epoch, 0))
    client.set(epoch, "")
    with pytest.raises(QueueUnavailable):
        read(Mark(new.epoch, 0))
    assert center.log.read_after(Mark(new.epoch, 0), 10)[1] is False


# Epochs


@pytest.mark.parametrize("future", [b"fffffffffff", b"1ffffffffffff"])
def test_a_new_epoch_is_newer_than_all_that_are_known_whatever_the_clock_says(
    center: Center, client: redis.Redis, key: str, future: bytes
) -> None:
    last = settle(center, b"a")
    client.set(f"{{{key}}}:epoch", future + b" 0-0")
    known = Mark(future.decode(), last.id)
    assert center.log.look(known).epoch == known.epoch
    client.delete(f"{{{key}}}:log")

    names = [center.log.look(known).epoch]
    client.delete(f"{{{key}}}:epoch")
    names.append(center.log.look(Mark(names[0], last.id)).epoch)

    assert [int(name, 16) for name in names] == [int(future, 16) + 1, int(future, 16) + 2]


def test_a_log_that_is_gone_is_noticed_also_by_who_has_just_come(
    center: Center, client: redis.Redis, key: str
) -> None:
    settle(center, b"a")
    client.delete(f"{{{key}}}:epoch")
    began = center.log.look()
    assert began.start == began.last > 0
    client.delete(f"{{{key}}}:log")

    come = center.log.look()

    assert int(come.epoch, 16) > int(began.epoch, 16)
    assert center.log.look() == come


def test_a_redis_that_went_back_to_an_older_epoch_begins_a_new_one(
    center: Center, client: redis.Redis, key: str
) -> None:
    last = settle(center, b"a")
    newer = f"{int(last.epoch, 16) + 5000:x}"

    assert int(center.log.look(Mark(newer, last.id)).epoch, 16) > int(newer, 16)


@pytest.mark.parametrize(
    "text", ["", "x", "zz 0-0", "0abc 0-0", "abc", "ABC 0-0", f"{'f' * 14} 0-0"]
)
def test_an_epoch_that_is_none_is_begun_anew(
    center: Center, client: redis.Redis, key: str, text: str
) -> None:
    client.set(f"{{{key}}}:epoch", text)

    name = center.log.look().epoch

    assert abs(int(name, 16) - time.time() * 1000) < 60_000
    assert center.log.look().epoch == name


def test_no_id_is_given_again_by_a_log_that_went_back_while_the_clock_is_behind(
    center: Center, client: redis.Redis, key: str
) -> None:
    log, ahead = f"{{{key}}}:log", round(time.time() + 3600) * 1000
    client.xadd(log, {"c": "of the future"}, id=f"{ahead}-0")
    kept: Any = client.dump(log)
    known = settle(center, *numbered(5))
    client.restore(log, 0, kept, replace=True)

    settle(center, *numbered(20))  # By somebody who has read none of what is lost.

    before, first, *others, last = ids(client, key)
    assert first - before > 1
    assert last - first == len(others) + 1
    assert first >> 64 == ahead
    assert center.log.look(known).epoch != known.epoch


def test_a_loss_that_a_slow_process_notices_late_begins_one_epoch_only(
    center: Center, client: redis.Redis, key: str
) -> None:
    """Redis has lost what it knows, and another has settled newer messages since."""
    last = settle(center, *numbered(3))
    log = f"{{{key}}}:log"
    older = ids(client, key)[0]
    client.delete(log)
    client.xadd(log, {"c": "0"}, id=f"{older >> 64}-{older & 0xFFFF}")
    settle(center, b"newer")  # By somebody who knows nothing.

    epochs = [center.log.look(last)]
    for _ in range(3):
        place = min(last.id, epochs[-1].start)
        epochs.append(center.log.look(Mark(epochs[-1].epoch, place)))

    assert epochs[0].epoch != last.epoch
    assert {each.epoch for each in epochs[1:]} == {epochs[0].epoch}
