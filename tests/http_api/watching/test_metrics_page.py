"""Who reads `/metrics` on the HTTP port, and what stands there."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from common.errors import QueueUnavailable
from config.settings import Settings
from tests.support.reads import Stores

TOKEN = "a-token-of-prometheus"
PUSH_TOKEN = "0123456789abcdef"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def read(client: Any, **headers: str) -> dict[tuple[str, ...], float]:
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    return {
        (sample.name.removeprefix("message_center_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_each_push_is_counted_by_its_result_and_its_messages_by_the_token() -> None:
    settings = Settings(push_tokens=(("shop", PUSH_TOKEN),))
    client = Stores().app(settings).test_client()
    headers = bearer(PUSH_TOKEN)
    client.post("/push", data={"content": "a"}, headers=headers)
    client.post("/push", data={"content": ""}, headers=headers)
    client.post("/push", data={"content": "a", "channel": "!"}, headers=headers)
    client.post("/push", data={"content": "a"})
    client.post("/push/batch", json=["a", "b", "c"], headers=headers)

    found = read(client, **headers)

    assert found["pushes_total", "success"] == 2
    assert found["pushes_total", "content_empty"] == 1
    assert found["pushes_total", "bad_channel"] == 1
    assert found["pushes_total", "unauthorized"] == 1
    assert found["push_messages_total", "shop"] == 4
    assert found["workers",] == 1


def test_what_redis_knows_is_asked_when_somebody_reads() -> None:
    stores = Stores()
    client = stores.app().test_client()

    assert read(client)["queue_messages",] == 0
    assert stores.beats.reads == 1


def test_without_redis_the_rest_is_still_there() -> None:
    stores = Stores()
    client = stores.app().test_client()
    client.post("/push", data={"content": "a"})
    stores.beats.fault = QueueUnavailable("gone")

    found = read(client)

    assert found["pushes_total", "success"] == 1
    assert ("queue_messages",) not in found


def test_without_a_token_of_its_own_it_is_read_with_a_push_token() -> None:
    client = Stores().app(Settings(push_tokens=(("shop", PUSH_TOKEN),))).test_client()

    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=bearer(PUSH_TOKEN)).status_code == 200


def test_with_a_token_of_its_own_it_is_read_by_that_and_no_other() -> None:
    settings = Settings(push_tokens=(("shop", PUSH_TOKEN),), metrics_token=TOKEN)
    client = Stores().app(settings).test_client()

    assert client.get("/metrics", headers=bearer(TOKEN)).status_code == 200
    for headers in ({}, bearer(PUSH_TOKEN), bearer("wrong-one-of-the-same-length")):
        refused = client.get("/metrics", headers=headers)
        assert (refused.status_code, refused.get_json()["error"]) == (401, "unauthorized")
    assert client.get("/stats", headers=bearer(TOKEN)).status_code == 401
