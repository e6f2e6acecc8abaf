"""Pages have everything once that is there all the time, while others come and go meanwhile."""

from itertools import count

import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.message import Message
from common.store.history import RedisHistory
from common.store.presence import Changes, ChannelCounts, RedisPresenceWriter
from common.store.presence_pages import CHANNELS, RedisPresencePages
from http_api.watching.history import Archive
from tests.support.store import Center

names = st.text(st.sampled_from("aAzZ09._:@-"), min_size=1, max_size=4)
fresh = count()
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def listening(names: dict[str, int]) -> Changes:
    return Changes({}, {name: ChannelCounts(many, {"": many}) for name, many in names.items()})


@given(
    staying=st.dictionaries(names, st.sets(st.integers(0, 1), min_size=1), max_size=12),
    moves=st.lists(st.dictionaries(names, st.integers(0, 2), max_size=4), max_size=8),
    limit=st.integers(1, 4),
)
@shared
def test_every_channel_that_stays_is_on_one_page(
    client: redis.Redis,
    staying: dict[str, set[int]],
    moves: list[dict[str, int]],
    limit: int,
) -> None:
    key = f"pages-{next(fresh)}-{id(staying)}"
    writers = [RedisPresenceWriter(client, key) for _ in range(2)]
    for number, writer in enumerate(writers):
        writer.write(listening({name: 1 for name, at in staying.items() if number in at}))
    pages, found, after = RedisPresencePages(client, key), list[str](), ""
    for move in [*moves, *[{}] * 100]:
        page = pages.page(CHANNELS, after, "", limit)
        assert len(page.connections) <= limit
        for name, total in page.connections.items():
            assert name not in staying or total == len(staying[name])
        found += page.connections
        if page.is_last:
            break
        after = found[-1]
        writers[0].write(listening({n: many for n, many in move.items() if n not in staying}))

    assert page.is_last
    assert found == sorted(set(found))
    assert set(staying) <= set(found)
    client.delete(*client.keys(f"{{{key}}}:*"), "nothing")


@given(
    sent=st.lists(st.sampled_from(["", "orders", "user:42", "orders.eu"]), max_size=20),
    limit=st.integers(1, 6),
    wanted=st.none() | st.frozensets(st.sampled_from(["orders", "orders.*"]), min_size=1),
)
@shared
def test_every_message_is_on_one_page(
    client: redis.Redis, sent: list[str], limit: int, wanted: frozenset[str] | None
) -> None:
    center_key = f"pages-{next(fresh)}-{id(sent)}"
    center, archive = Center(client, center_key), Archive(RedisHistory(client, center_key))
    texts = {str(number): name for number, name in enumerate(sent)}
    half = len(sent) // 2

    def push(some: list[str]) -> None:
        if some:
            channels = [(texts[text],) if texts[text] else () for text in some]
            center.queue.push(
                [Message(*each).to_item() for each in zip(some, channels, strict=True)]
            )
        center.settle()

    everything = list(texts)
    push(everything[:half])
    page = archive.page_after(None, wanted, limit)
    push(everything[half:])
    found = [each["content"] for each in page.messages]
    for _ in range(100):
        page = archive.page_after(page.next, wanted, limit)
        assert page.gap is None
        found += [each["content"] for each in page.messages]
        if not page.more:
            break

    reached = {"", *(wanted or ())} | ({"orders.eu"} if "orders.*" in (wanted or ()) else set())
    assert found == [text for text in everything if wanted is None or texts[text] in reached]
    client.delete(*client.keys(f"*{center_key}*"), "nothing")
