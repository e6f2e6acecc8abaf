"""Batches of lines: what is pushed where a line is refused, and what is said to have been."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.cli.lines import BadLineError, Lines, Reading
from config.cli.piping import Piping
from config.cli.progress import Progress
from message_center_client import Client, Refused
from tests.support.scripted_api import Reply, answering, refuses

pytestmark = pytest.mark.integration
Pipe = Callable[..., Piping]


def pipe(
    data: bytes, replies: list[Reply], folder: Path, *, is_json: bool = False
) -> tuple[list[list[Any]], int, Exception | None]:
    """The batches that were sent, how many messages are said to be pushed, and how it ended."""
    (folder / "lines").write_bytes(data)
    with answering(*replies) as api, Client(api.url) as client:
        piping = Piping(client, Reading("run", is_json=is_json))
        end = None
        with (folder / "lines").open("rb") as file:
            try:
                piping.run(Lines(file.fileno()))
            except (BadLineError, Refused) as problem:
                end = problem
        batches = [[each["content"] for each in asked.body] for asked in api.asked]
        return batches, piping.pushed, end


def test_each_portion_is_a_batch_with_ids_of_its_lines(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"a\n\nb\n" * 700)
    written: list[str] = []
    with (tmp_path / "lines").open("rb") as file, answering() as api, Client(api.url) as client:
        piping = Piping(client, Reading("run", {"users": ("42",)}), Progress(written.append, 3500))
        piping.run(Lines(file.fileno()))

    first, second = (asked.body for asked in api.asked)
    assert (len(first), len(second), piping.pushed) == (1000, 400, 1400)
    assert first[:2] == [
        {"content": "a", "users": ["42"], "id": "run-1"},
        {"content": "b", "users": ["42"], "id": "run-3"},
    ]
    assert second[-1]["id"] == "run-2100"
    assert "100%  1,400 pushed" in written[-1]


def test_what_is_before_a_refused_line_is_pushed_and_nothing_after_it(tmp_path: Path) -> None:
    replies = [refuses(422, "content_not_text", index=2), Reply()]
    batches, pushed, end = pipe(b"a\n\nb\nc\nd\n", replies, tmp_path)

    assert batches == [["a", "b", "c", "d"], ["a", "b"]]
    assert pushed == 2
    assert str(end) == "line 4: 422: content_not_text: in words: content_not_text"


def test_what_is_before_a_line_that_is_no_message_is_pushed(tmp_path: Path) -> None:
    batches, pushed, end = pipe(b'"a"\n"b"\nc\n"d"\n', [Reply()], tmp_path, is_json=True)

    assert (batches, pushed) == ([["a", "b"]], 2)
    assert str(end).startswith("line 3: it is not JSON")


def test_a_bad_first_line_pushes_nothing(tmp_path: Path) -> None:
    assert pipe(b"\xff\na\n", [Reply()], tmp_path)[:2] == ([], 0)
    replies = [refuses(422, "bad_channel", index=0), Reply()]
    assert pipe(b"a\nb\n", replies, tmp_path)[:2] == ([["a", "b"]], 0)


def test_a_body_that_is_too_large_is_pushed_in_halves(tmp_path: Path) -> None:
    replies = [refuses(413, "request_entity_too_large"), Reply(), Reply()]
    batches, pushed, end = pipe(b"a\nb\nc\n", replies, tmp_path)

    assert batches == [["a", "b", "c"], ["a"], ["b", "c"]]
    assert (pushed, end) == (3, None)


def test_one_line_that_is_too_large_is_named(tmp_path: Path) -> None:
    replies = [refuses(413, "request_entity_too_large")]
    batches, pushed, end = pipe(b"a\nb\n", replies, tmp_path)

    assert (batches, pushed) == ([["a", "b"], ["a"]], 0)
    assert str(end).startswith("line 1: 413: request_entity_too_large")


def test_what_is_refused_as_a_whole_ends_it(tmp_path: Path) -> None:
    batches, pushed, end = pipe(b"a\nb\n", [refuses(401, "unauthorized")], tmp_path)

    assert (batches, pushed) == ([["a", "b"]], 0)
    assert str(end).startswith("401: unauthorized")


def test_a_limit_on_messages_a_second_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for longer than a failure is."""
    pauses: list[float] = []
    monkeypatch.setattr("config.cli.piping.sleep", pauses.append)
    limit = refuses(429, "too_many_messages", ("Retry-After", "100"))
    batches, pushed, end = pipe(b"a\nb\n", [limit, limit, Reply()], tmp_path)

    assert (batches, pushed, end) == ([["a", "b"]] * 3, 2, None)
    assert pauses == [100.0, 100.0]
