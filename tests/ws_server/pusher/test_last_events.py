"""The last event of a channel, for those who come later."""

import pytest

from common.errors import QueueUnavailable
from common.message import Mark
from common.page import Page
from tests.support.parts import Parts
from ws_server.pusher.last_events import KEPT, LastEvents

A = "cache-a"


@pytest.fixture
def last(parts: Parts) -> LastEvents:
    return LastEvents(parts.log, parts.hub, lambda: 1.0)


def publish(parts: Parts, *names: str) -> Page:
    page = parts.log.write(*[b"x"] * len(names), recipients=[(name,) for name in names])
    parts.hub.publish(page)
    return page


def test_there_is_none_at_first(last: LastEvents) -> None:
    assert last.find(A) is None


def test_what_came_before_is_looked_for_once(parts: Parts, last: LastEvents) -> None:
    publish(parts, A, A, "other")

    assert last.find(A) == 2 << 64
    parts.log.fault = QueueUnavailable("gone")
    assert last.find(A) == 2 << 64


def test_what_comes_later_is_noted(parts: Parts, last: LastEvents) -> None:
    last.find(A)
    parts.publish(b"for everybody")

    publish(parts, A, "other")

    assert last.find(A) == 2 << 64


@pytest.mark.parametrize("is_known", [False, True])
def test_what_clients_send_is_not_kept(parts: Parts, last: LastEvents, is_known: bool) -> None:
    if is_known:
        last.find(A)
    for events in ([b"price", b"client-x"], [b"client-y", b""]):
        to = [(A,), (A if b"client-y" not in events else "other",)]
        parts.hub.publish(parts.log.write(b"1", b"2", recipients=to, events=events))

    assert last.find(A) == 1 << 64


def test_it_is_forgotten_after_half_an_hour(parts: Parts) -> None:
    last = LastEvents(parts.log, parts.hub, lambda: KEPT + 1)

    publish(parts, A)

    assert last.find(A) is None


def test_after_a_loss_everything_is_looked_for_again(parts: Parts, last: LastEvents) -> None:
    publish(parts, "other", A)
    assert last.find(A) == 2 << 64

    parts.log.lose(keep=1)
    parts.hub.rewind(Mark(parts.log.epoch, 1 << 64), kept=1 << 64)

    assert last.find(A) is None


def test_if_redis_does_not_answer_nothing_is_known(parts: Parts, last: LastEvents) -> None:
    publish(parts, A)
    parts.log.fault = QueueUnavailable("gone")
    with pytest.raises(QueueUnavailable):
        last.find(A)

    parts.log.fault = None

    assert last.find(A) == 1 << 64
