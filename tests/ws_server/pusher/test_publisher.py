"""What clients send to each other goes to the queue, in its order, and once."""

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
