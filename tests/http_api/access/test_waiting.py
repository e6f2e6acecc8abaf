"""Who waits for Redis: a burst has its turns, and before a Redis that is still others are told."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from time import monotonic

import pytest
from flask.testing import FlaskClient

from common.errors import QueueUnavailable
from common.refused import Refused
from common.store.pending import PATIENCE
from config.settings import Settings
from http_api.access.waiting import Waiting
from http_api.app import create_app
from http_api.readiness import Readiness
from tests.support.fakes import FakeClock, FakePresenceReader, FakeQueue
from tests.support.processes import wait_until

MOST = 4
LIMIT = 10  # Seconds for what takes none.


class Still(FakeQueue):
    """A queue that answers nobody until it is told to; `asked` are those who wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.answers = threading.Event()

    def check(self) -> None:
        self.asked += 1
        assert self.answers.wait(LIMIT)
        super().check()


@contextmanager
def pushing(http: FlaskClient, queue: Still, count: int) -> Iterator[list[Future[int]]]:
    """So many who push, with the queue still; it answers at the end."""

    def push(at: int) -> int:
        return http.application.test_client().get(f"/push?content={at}").status_code

    with ThreadPoolExecutor(count) as threads:
        try:
            yield [threads.submit(push, at) for at in range(count)]
        finally:
            queue.answers.set()


@pytest.fixture
def queue() -> Still:
    return Still()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def http(queue: Still, clock: FakeClock) -> FlaskClient:
    return create_app(Settings(), queue, FakePresenceReader(), clock, slots=2 * MOST).test_client()


def test_a_burst_waits_for_its_turns(http: FlaskClient, queue: Still) -> None:
    with pushing(http, queue, 5 * MOST) as pushes:
        wait_until(lambda: queue.asked == MOST, "asked")
        queue.answers.set()

        assert {push.result(LIMIT) for push in pushes} == {200}
    assert len(queue.take()) == 5 * MOST


def test_who_stands_behind_a_redis_that_is_still_is_told_soon(
    http: FlaskClient, queue: Still
) -> None:
    begin = monotonic()
    with pushing(http, queue, 3 * MOST) as pushes:
        wait_until(lambda: sum(push.done() for push in pushes) == 2 * MOST, "told")

        assert PATIENCE * 0.9 < monotonic() - begin < PATIENCE + 20
        assert {push.result() for push in pushes if push.done()} == {503}
        assert queue.asked == MOST
        queue.answers.set()
        assert [push.result(LIMIT) for push in pushes].count(200) == MOST
    assert http.get("/push?content=later").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/push"),
        ("POST", "/push/batch"),
        ("GET", "/users/ann"),
        ("DELETE", "/users/ann/connections"),
        ("GET", "/channels/news"),
    ],
)
def test_once_it_has_been_still_for_long_nobody_waits_behind_the_others(
    http: FlaskClient, queue: Still, clock: FakeClock, method: str, path: str
) -> None:
    with pushing(http, queue, MOST):
        wait_until(lambda: queue.asked == MOST, "asked")
        clock.now += PATIENCE
        begin = monotonic()
        body = ["hello"] if "batch" in path else {"content": "hello", "id": "1"}
        answer = http.open(path, method=method, json=body if method == "POST" else None)

        assert (answer.status_code, answer.get_json()["error"]) == (503, "queue_unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert monotonic() - begin < PATIENCE / 2
        assert queue.asked == MOST
        assert http.get("/healthz").status_code == 200


def test_readiness_is_not_waited_for_longer_than_others_are(clock: FakeClock) -> None:
    queue = Still()
    readiness = Readiness(queue, clock)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(readiness.check)
        wait_until(lambda: queue.asked == 1, "asked")
        clock.now += PATIENCE
        with pytest.raises(Refused):
            readiness.check()
        queue.answers.set()
        first.result(LIMIT)
    readiness.check()


@pytest.mark.parametrize("problem", [QueueUnavailable("gone"), SystemExit()])
def test_a_turn_is_given_back_whatever_happens(problem: BaseException) -> None:
    waiting = Waiting(MOST)

    def fail() -> None:
        with waiting.turn():
            raise problem

    for _ in range(3 * MOST):
        with pytest.raises(type(problem)):
            fail()
    with ExitStack() as turns:
        for _ in range(MOST):
            turns.enter_context(waiting.turn())


def test_a_batch_takes_room_until_redis_has_it(queue: Still) -> None:
    """Else all that wait for Redis would hold a large batch each, counted nowhere."""
    settings = Settings(max_body_bytes=200_000, max_content_bytes=150_000)
    http = create_app(settings, queue, FakePresenceReader()).test_client()
    content = "x" * 150_000

    def batch() -> tuple[int, str | None]:
        answer = http.application.test_client().post("/push/batch", json=[content])
        return answer.status_code, answer.get_json().get("error")

    with ThreadPoolExecutor(20) as threads:
        try:
            batches = [threads.submit(batch) for _ in range(20)]
            wait_until(lambda: sum(each.done() for each in batches) > 0, "refused")
            wait_until(lambda: sum(each.done() for each in batches) + queue.asked == 20, "there")
        finally:
            queue.answers.set()
    answers = [each.result() for each in batches]
    assert set(answers) == {(200, None), (503, "too_many_bodies")}
    assert answers.count((200, None)) == queue.asked <= 4 * 200_000 // (150_000 - 64 * 1024)
