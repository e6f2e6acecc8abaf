"""Whoever is wherever gets what is for it, once and in order, from any mixture."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from common.message import Mark, parse_id
from tests.support.fake_log import FakeLog, Recipients
from tests.support.reading import frames_of
from ws_server.log.feed import Feed
from ws_server.wire.frames import TextFrames

LARGE = 1 << 30


class Meter(FakeLog):
    """How many bytes of content were sent for clients."""

    sent = 0

    def _stretch(self, *args: object, **options: object) -> object:  # type: ignore[override]
        stretch = super()._stretch(*args, **options)  # type: ignore[arg-type]
        self.sent += sum(map(len, stretch.page.contents))
        return stretch


def behind(contents: list[bytes], names: Recipients, bytes_: int = LARGE) -> tuple[Meter, Feed]:
    """A feed at the head of a log of which nothing is in memory."""
    log = Meter()
    log.write(*contents, recipients=names)
    feed = Feed(log, TextFrames(""), bytes_)
    feed.rewind(Mark(log.epoch, log.last_id()))
    return log, feed


@given(st.integers(0, 1 << 32), st.sampled_from([1, 20_000, LARGE]))
def test_whoever_is_where_gets_what_is_for_it_once_and_in_order(seed: int, bytes_: int) -> None:
    random = Random(seed)
    channels = ["a", "b.x", "b.y", "user:1", "user:2"]
    count = random.randrange(1, 900)
    names = [tuple(random.sample(channels, random.choice([0, 1, 1, 2]))) for _ in range(count)]
    contents = [(b"%d " % at).ljust(random.choice([1, 10, 3000]), b"x") for at in range(count)]
    log, feed = behind(contents, names, bytes_)
    wanted = [frozenset(random.sample([*channels[:3], "b.*", "user:1"], 2)) for _ in range(6)]
    clients = [(each, random.randrange(count)) for each in wanted]
    got: list[list[bytes]] = [[] for _ in clients]
    cursors = [parse_id(log.messages[at][0]) for _, at in clients]

    while any(cursor < feed.head for cursor in cursors):
        at = random.randrange(len(clients))
        chunk = feed.next_chunk(cursors[at], clients[at][0])
        if chunk is not None:
            data = chunk.data[chunk.start_after(cursors[at]) :]
            got[at] += [payload for _, payload in frames_of(data)]
            cursors[at] = chunk.upto

    for (channels_of, at), received in zip(clients, got, strict=True):
        expected = [
            content
            for place, content in enumerate(contents)
            if place > at and _is_for(names[place], channels_of)
        ]
        assert received == expected


def _is_for(names: tuple[str, ...], channels: frozenset[str]) -> bool:
    def matches(name: str) -> bool:
        return name in channels or (name.startswith("b.") and "b.*" in channels)

    return not names or any(map(matches, names))
