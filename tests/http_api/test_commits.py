"""Which pushes go together, who is told what, and who is sent away."""

from collections.abc import Iterator, Sequence
from typing import Any

import gevent
import pytest
from gevent.event import Event

from common.errors import QueueUnavailable
from common.refused import Refused
from http_api import commits as module
from http_api.commits import Commits
from tests.support.fakes import FakeQueue


class Slow(FakeQueue):
    """Answers when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = Event()

    def push(self, items: Sequence[bytes]) -> None:
        self.go_on.wait()
        super().push(items)


class Told(list[Any]):
    """What each was told, in the order in which they were."""

    def by(self, name: int) -> Any:
        return lambda result: self.append((name, result))


@pytest.fixture
def queue() -> Iterator[Slow]:
    queue = Slow()
    yield queue
    queue.go_on.set()
    gevent.sleep(0.01)


def test_who_comes_meanwhile_goes_together_with_the_next(queue: Slow) -> None:
    commits, told = Commits(queue, 100), Told()
    for number in range(4):
        commits.submit([b"%d" % number], [None], 0, told.by(number))
        gevent.sleep(0)
    assert told == []
    queue.go_on.set()
    gevent.sleep(0.01)

    assert queue.pushes == [[b"0"], [b"1", b"2", b"3"]]
    assert told == [(number, None) for number in range(4)]


def test_those_with_an_id_keep_their_place(queue: Slow) -> None:
    queue.go_on.set()
    commits, told = Commits(queue, 100), Told()
    for number, id_ in enumerate((None, "a", None, "a")):
        commits.submit([b"%d" % number], [id_], 9, told.by(number))
    gevent.sleep(0.01)

    assert [item for push in queue.pushes for item in push] == [b"0", b"1", b"2"]
    assert told[:3] == [(0, None), (1, None), (3, 0)] or told == [
        (0, None),
        (1, None),
        (2, None),
        (3, 0),
    ]


def test_what_was_not_confirmed_is_nobodys_success(queue: Slow) -> None:
    queue.fault = QueueUnavailable("away")
    queue.go_on.set()
    commits, told = Commits(queue, 100), Told()
    commits.submit([b"a"], [None], 0, told.by(1))
    commits.submit([b"b"], ["x"], 9, told.by(2))
    gevent.sleep(0.01)

    assert told == [(1, queue.fault), (2, queue.fault)]


def test_while_redis_stalls_those_who_came_last_are_sent_away(
    queue: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.02)
    commits, told = Commits(queue, 3), Told()
    commits.submit([b"0"], [None], 0, told.by(0))
    gevent.sleep(0)
    for number in (1, 2, 3, 4):
        commits.submit([b"%d" % number], [None], 0, told.by(number))
    gevent.sleep(0.05)

    assert [name for name, _ in told] == [3, 4]
    with pytest.raises(Refused):
        commits.submit([b"5"], [None], 0, told.by(5))
    queue.go_on.set()
    gevent.sleep(0.01)
    assert queue.pushes == [[b"0"], [b"1", b"2"]]


def test_there_is_a_bound_of_bytes(queue: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 3)
    commits = Commits(queue, 100)
    commits.submit([b"abc"], [None], 0, Told().by(0))

    with pytest.raises(Refused):
        commits.submit([b"d"], [None], 0, Told().by(1))
