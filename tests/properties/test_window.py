"""Cursor arithmetic against models that are too simple to be wrong."""

from array import array
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from common.message import format_id
from ws_server.log.chunk import KEPT_REST, Chunk
from ws_server.log.feed import Window

sizes = st.integers(1, 20) | st.sampled_from([KEPT_REST, KEPT_REST + 1, 3 * KEPT_REST])


def make(after: int, steps: list[int], frames: list[bytes]) -> Chunk:
    """A chunk of `frames`, the id of each so many after the one before."""
    ids = list(accumulate(steps, initial=after))[1:]
    ends = array("Q", accumulate(map(len, frames)))
    return Chunk(after, ids[-1], b"".join(frames), [format_id(each) for each in ids], ends)


@st.composite
def chunks(draw: st.DrawFn, after: int | None = None) -> Chunk:
    frames = [
        bytes([at % 256]) * size
        for at, size in enumerate(draw(st.lists(sizes, min_size=1, max_size=8)))
    ]
    steps = [draw(st.integers(1, 5) | st.just(1 << 64)) for _ in frames]
    start = draw(st.integers(0, 1 << 80)) if after is None else after
    return make(start, steps, frames)


@given(chunks(), st.lists(st.integers(0, 3 * KEPT_REST), max_size=50))
def test_however_little_a_socket_takes_each_time_it_gets_the_data_once(
    chunk: Chunk, takes: list[int]
) -> None:
    """As `CatchUp` serves a client: its rest first, then from the place on, until it is live."""
    sent, cursor, skip, rest = b"", chunk.after, 0, b""
    turns = iter(takes)
    while cursor < chunk.upto or rest:
        take = next(turns, len(chunk.data))
        if rest and not skip:
            sent, rest = sent + rest[:take], rest[take:]
            continue
        start = chunk.start_after(cursor) + skip
        end = min(start + take, len(chunk.data))
        sent += chunk.data[start:end]
        if end == len(chunk.data):
            cursor, skip = chunk.upto, 0
            continue
        place = chunk.cut(end)
        assert len(place.rest) <= KEPT_REST
        assert not (place.rest and place.skip)
        cursor, skip, rest = place.cursor, place.skip, place.rest

    assert sent == chunk.data


@given(chunks(), st.data())
def test_what_starts_after_a_cursor_is_every_frame_with_a_greater_id(
    chunk: Chunk, data: st.DataObject
) -> None:
    cursor = data.draw(st.integers(max(0, chunk.after - 2), chunk.upto))
    starts = [0, *chunk.ends]

    count = sum(1 for each in chunk.ids if id_number(each) <= cursor)

    assert chunk.start_after(cursor) == starts[count]


@given(st.data(), st.integers(1, 40_000))
def test_the_window_is_the_end_of_the_list_of_chunks(data: st.DataObject, bound: int) -> None:
    window, every, head = Window(), list[Chunk](), data.draw(st.integers(0, 1 << 70))
    for _ in range(data.draw(st.integers(0, 6))):
        if data.draw(st.integers(0, 15)) == 0:
            window.clear()
            every.clear()
        every.append(data.draw(chunks(after=head)))
        window.add(every[-1])
        head = every[-1].upto
        while sum(each.cost for each in every) > bound and len(every) > 1:
            assert window.forget_oldest() is every.pop(0)
        assert window.memory.used == sum(each.cost for each in every)

    assert len(window) == len(every)
    assert window.start(head) == (every[0].after if every else head)
    held = [id_number(each) for chunk in every for each in chunk.ids]
    for cursor in [*held, *[each - 1 for each in held], head, head + 1]:
        fitting = [each for each in every if each.after <= cursor < each.upto]
        assert window.find(cursor) is (fitting[0] if fitting else None)


def id_number(text: bytes) -> int:
    milliseconds, sequence = text.split(b"-")
    return (int(milliseconds) << 64) + int(sequence)
