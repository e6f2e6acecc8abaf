"""A caller that tries again until it is answered: each id is queued once; with hypothesis."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import redis
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from common.store.connect import connect
from common.store.queue import RedisQueue
from config.cli.embedded import EmbeddedValkey
from config.settings import Settings
from http_api.app import create_app
from tests.support.fakes import FakePresenceReader
from tests.support.proxy import LossyProxy, lossy_proxy

pytestmark = pytest.mark.integration

Message = dict[str, str]

messages = st.fixed_dictionaries(
    {"content": st.sampled_from(["a", "b"]), "id": st.sampled_from(["1", "2", "3", "4"])}
)
batches = st.lists(messages, min_size=1, max_size=3)
losses = st.sampled_from([0, 1, 2, 3])  # Of answers of Redis, before one arrives.


@pytest.fixture(scope="module")
def proxy(valkey: EmbeddedValkey) -> Iterator[LossyProxy]:
    with lossy_proxy(valkey.url, losses=0) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def lossy(proxy: LossyProxy) -> Iterator[redis.Redis]:
    client = connect(proxy.url, timeout=5, connections=1)
    yield client
    client.connection_pool.disconnect()


def push_until_answered(http: FlaskClient, batch: list[Message]) -> tuple[int, str | None]:
    """The code and the error that are not "try again"."""
    while True:
        if len(batch) > 1:
            response = http.post("/push/batch", json=batch)
        else:
            header = {"Idempotency-Key": batch[0]["id"]}
            response = http.post("/push", data={"content": batch[0]["content"]}, headers=header)
        if response.status_code != 503:
            answer = response.get_json()
            return answer["code"], answer.get("error")


def push_to(model: dict[str, str], batch: list[Message]) -> tuple[int, str | None]:
    """The same to a dictionary, in which the order of the ids is that of the queue."""
    pushed = dict(model)
    for message in batch:
        if pushed.setdefault(message["id"], message["content"]) != message["content"]:
            return -1, "id_reused"
    model.update(pushed)
    return 0, None


@settings(max_examples=settings().max_examples // 2)  # Each loss takes a new connection.
@given(pushes=st.lists(st.tuples(batches, losses), min_size=1, max_size=5))
def test_whatever_answers_are_lost_each_id_is_queued_once_and_in_order(
    proxy: LossyProxy, lossy: redis.Redis, pushes: list[tuple[list[Message], int]]
) -> None:
    key, model = f"test-{uuid4().hex}", dict[str, str]()
    http = create_app(Settings(), RedisQueue(lossy, key), FakePresenceReader()).test_client()

    for batch, lost in pushes:
        proxy.losses = lost
        assert push_until_answered(http, batch) == push_to(model, batch)

    queued = lossy.lrange(key, 0, -1)[::-1]
    assert queued == [content.encode() for content in model.values()]
