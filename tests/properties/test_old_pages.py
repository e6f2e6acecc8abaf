"""Whoever is wherever gets what is for it, once and in order, from any mixture."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from common.message import parse_id
from tests.support.log_room import LARGE, behind
from tests.support.reading import frames_of


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
