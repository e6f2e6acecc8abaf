"""What clients send to each other goes to the queue, in its order, and once."""

from collections.abc import Sequence
from functools import partial

import gevent
import pytest

from common.errors import QueueUnavailable
from common.store.webhooks import Note
from tests.support.parts import let_others_run
from tests.support.pusher_talk import FakeQueue
from tests.support.webhooks import FakeWebhooks
from ws_server.pusher import publisher as module
from ws_server.pusher.publisher import Publisher

NOTE = Note("client_event", "private-a", {"event": "client-x"})


def test_what_comes_is_pushed_in_its_order() -> None:
    queue, failed = FakeQueue(), list[int]()
    publisher = Publisher(queue)

    for number in range(3):
        publisher.submit(b"%d" % number, lambda: failed.append(1), NOTE)
    let_others_run()
    publisher.submit(b"3", lambda: failed.append(1), NOTE)
    let_others_run()

    assert queue.items == [b"0", b"1", b"2", b"3"]
    assert not failed


def test_what_redis_does_not_confirm_is_told_and_not_pushed_again() -> None:
    queue, failed = FakeQueue(), list[str]()
    publisher = Publisher(queue)
    queue.fault = QueueUnavailable("gone")

    publisher.submit(b"a", lambda: failed.append("a"), NOTE)
    let_others_run()
    queue.fault = None
    publisher.submit(b"b", lambda: failed.append("b"), NOTE)
    let_others_run()

    assert (queue.items, failed) == ([b"b"], ["a"])


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    publisher, failed = Publisher(FakeQueue()), list[int]()

    for number in range(3):
        publisher.submit(b"", lambda number=number: failed.append(number), NOTE)  # type: ignore[misc]

    assert failed == [2]
    gevent.sleep(0)


def test_bytes_that_wait_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    queue, failed = FakeQueue(), list[bytes]()
    publisher = Publisher(queue)

    for item in (b"a" * 8, b"b" * 3, b"c" * 2):
        publisher.submit(item, partial(failed.append, item), NOTE)
    let_others_run()
    publisher.submit(b"d" * 10, partial(failed.append, b"d"), NOTE)
    let_others_run()

    assert failed == [b"b" * 3]
    assert queue.items == [b"a" * 8, b"c" * 2, b"d" * 10]


def test_no_more_bytes_are_pushed_at_once_than_redis_takes_quickly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BYTES_AT_ONCE", 4)
    webhooks, pushed = FakeWebhooks(), list[int]()
    publisher = Publisher(FakeQueue(), webhooks)
    push = webhooks.push

    def note_and_push(items: Sequence[bytes], notes: Sequence[Note]) -> None:
        pushed.append(len(items))
        push(items, notes)

    monkeypatch.setattr(webhooks, "push", note_and_push)
    for _ in range(5):
        publisher.submit(b"abc", lambda: None, NOTE)
    let_others_run()

    assert pushed == [2, 2, 1]
    assert webhooks.items == [b"abc"] * 5


def test_what_webhooks_tell_is_noted_with_it() -> None:
    queue, webhooks, failed = FakeQueue(), FakeWebhooks(), list[int]()
    publisher = Publisher(queue, webhooks)

    publisher.submit(b"a", lambda: failed.append(1), NOTE)
    let_others_run()
    webhooks.fault = QueueUnavailable("gone")
    publisher.submit(b"b", lambda: failed.append(2), NOTE)
    let_others_run()

    assert (webhooks.items, webhooks.notes, queue.items) == ([b"a"], [NOTE], [])
    assert failed == [2]
