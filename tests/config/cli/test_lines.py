"""Lines become messages; what comes slowly is passed on at once, what comes fast in portions."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from config.cli import lines as module
from config.cli.lines import BadLineError, Lines, Portion, Reading


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):  # A test may have closed it.
            os.close(end)


def portions(data: bytes, folder: Path) -> list[Portion]:
    path = folder / "lines"
    path.write_bytes(data)
    with path.open("rb") as file:
        lines = Lines(file.fileno())
        found = list(lines.portions())
    assert lines.read == len(data)
    return found


def test_what_is_said_of_all_lines_is_said_of_each_that_does_not_say_it_itself() -> None:
    reading = Reading("run", is_json=True, more={"event": "made"})

    assert reading.message(1, b'"a"') == {"id": "run-1", "event": "made", "content": "a"}
    own = reading.message(2, b'{"content": "a", "event": "told"}')
    assert own == {"id": "run-2", "event": "told", "content": "a"}


def test_lines_are_numbered_and_empty_ones_are_none(tmp_path: Path) -> None:
    assert portions(b"a\r\n\n b \n\r\nc", tmp_path) == [[(1, b"a"), (3, b" b "), (5, b"c")]]
    assert portions(b"", tmp_path) == []
    assert portions(b"\n\n", tmp_path) == []


def test_many_lines_come_in_portions(tmp_path: Path) -> None:
    data = b"".join(b"line %d\n" % number for number in range(1, 2501))
    found = portions(data, tmp_path)

    assert [len(portion) for portion in found] == [1000, 1000, 500]
    assert [number for portion in found for number, _ in portion] == list(range(1, 2501))
    assert found[1][0] == (1001, b"line 1001")


def test_long_lines_come_in_smaller_portions(tmp_path: Path) -> None:
    line = b"x" * 400_000
    found = portions(b"\n".join([line] * 5), tmp_path)

    assert [len(portion) for portion in found] == [3, 2]
    assert all(each == line for portion in found for _, each in portion)


def test_what_has_come_is_passed_on_before_it_waits_for_more(pipe: tuple[int, int]) -> None:
    out, into = pipe
    coming = Lines(out).portions()
    for number in (1, 2):
        os.write(into, b"line\nha")
        assert next(coming) == [(number, b"line" if number == 1 else b"haline")]
    ending = threading.Thread(target=os.close, args=[into])
    ending.start()
    assert list(coming) == [[(3, b"ha")]]
    ending.join()


def test_a_line_without_an_end_is_refused_and_those_before_it_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LINE", 100_000)
    path = tmp_path / "lines"
    path.write_bytes(b"a\nb\n" + b"x" * 200_000)
    with path.open("rb") as file:
        found = Lines(file.fileno()).portions()
        assert next(found) == [(1, b"a"), (2, b"b")]
        with pytest.raises(BadLineError, match="line 3: longer than"):
            next(found)


TO = {"channels": ("orders",)}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'"a"', {"content": "a", **TO}),
        (b' {"content": {"n": [1]}, "id": "mine"} ', {"content": {"n": [1]}, "id": "mine", **TO}),
        (b'{"content": "a", "users": [4]}', {"content": "a", "users": [4]}),
        (b'{"content": "a", "channel": ""}', {"content": "a", "channel": ""}),
        (b"{}", TO),
    ],
)
def test_a_line_of_json_is_a_message_as_in_a_batch(line: bytes, message: dict[str, object]) -> None:
    assert Reading("run", TO, is_json=True).message(7, line) == {"id": "run-7", **message}


def test_a_line_of_text_is_content_whatever_it_looks_like() -> None:
    assert Reading("run", TO).message(1, b'{"content": 1}') == {
        "id": "run-1",
        "content": '{"content": 1}',
        "channels": ("orders",),
    }


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"\xff", "not UTF-8"),
        (b"hello", "not JSON: "),
        (b"5", "neither a text nor an object"),
        (b"[1]", "neither a text nor an object"),
        (b'{"content": NaN}', "NaN is not JSON"),
        (b'{"user": "a", "user": "b"}', "a name stands twice"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_what_is_no_message_is_refused_with_its_number(line: bytes, why: str) -> None:
    with pytest.raises(BadLineError, match=f"line 3: .*{why}") as raised:
        Reading("run", is_json=True).message(3, line)

    assert raised.value.number == 3
