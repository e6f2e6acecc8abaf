"""Who may use the API and how much: the guard alone, and through the application itself.

The clock stands still.
"""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from common.refused import Refused
from config.settings import Settings
from http_api.access.guard import ADDRESS, Guard
from http_api.access.guard import TOKEN as BY_TOKEN
from http_api.app import PUBLIC, create_app
from tests.support.fakes import FakeClock, FakePresenceReader, FakeQueue
from tests.support.openapi import validate_response

TOKEN, OTHER = "0123456789abcdef-backend", "0123456789abcdef-other"
TOKENS = (("backend", TOKEN), ("other", OTHER))
ANYBODYS = ["/healthz", "/readyz", "/", "/openapi.json", "/client.js", "/static/console/main.js"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def api(queue: FakeQueue, clock: FakeClock | None = None, **settings: Any) -> FlaskClient:
    return create_app(
        Settings(**settings), queue, FakePresenceReader(), clock or FakeClock()
    ).test_client()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def push(http: FlaskClient, token: str = TOKEN, **more: Any) -> TestResponse:
    return http.get("/push?content=hello", headers=bearer(token), **more)


def error_of(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.get_json().get("error", "")


def guard(clock: FakeClock | None = None, **settings: Any) -> Guard:
    return Guard(Settings(**settings), clock or FakeClock())


def refusal(action: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(Refused) as refused:
        action(*arguments)
    return refused.value.error


def test_a_guard_without_tokens_and_limits_has_nothing_to_check() -> None:
    assert not guard()
    assert guard().check("", "192.0.2.1", "") == {}
    guard().count_messages({}, 1_000_000)
    for settings in ({"push_tokens": TOKENS}, {"address_messages_per_second": 1.0}):
        assert guard(**settings)


def test_a_caller_is_known_by_the_token_and_by_the_address_where_it_is_counted() -> None:
    counted = guard(push_tokens=TOKENS, address_messages_per_second=9.0)

    assert guard(push_tokens=TOKENS).check(f"Bearer {OTHER}", "", "") == {BY_TOKEN: "other"}
    callers = counted.check(f"bearer  {TOKEN} ", "192.0.2.1", "192.0.2.2")
    assert callers == {BY_TOKEN: "backend", ADDRESS: "192.0.2.1"}


def test_a_guard_believes_trusted_proxies_about_the_address() -> None:
    behind = guard(address_messages_per_second=9.0, trusted_proxies=(ip_network("192.0.2.1"),))

    assert behind.check("", "192.0.2.1", "192.0.2.9, 192.0.2.2") == {ADDRESS: "192.0.2.2"}


def test_a_guard_refuses_by_its_own_words() -> None:
    strict = guard(push_tokens=TOKENS, address_requests_per_second=2.0)

    assert refusal(strict.check, "", "192.0.2.1", "") == "unauthorized"
    assert refusal(strict.check, "Bearer x", "192.0.2.1", "") == "unauthorized"
    assert refusal(strict.check, f"Bearer {TOKEN}", "192.0.2.1", "") == "too_many_requests"
    strict.check(f"Bearer {TOKEN}", "192.0.2.2", "")


def test_messages_are_counted_for_the_callers_that_were_found(clock: FakeClock) -> None:
    limited = guard(clock, push_tokens=TOKENS, token_messages_per_second=3.0)
    ann, other = (limited.check(f"Bearer {token}", "", "") for token in (TOKEN, OTHER))

    limited.count_messages(ann, 3)

    assert refusal(limited.count_messages, ann, 1) == "too_many_messages"
    limited.count_messages(other, 3)
    clock.now += 1
    limited.count_messages(ann, 3)


@pytest.mark.parametrize("token", [TOKEN, OTHER])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_holder_of_any_token_may_push(queue: FakeQueue, token: str, scheme: str) -> None:
    http = api(queue, push_tokens=TOKENS)
    headers = {"Authorization": f"{scheme} {token}"}

    assert http.get("/push?content=hello", headers=headers).get_json()["code"] == 0
    assert http.post("/push/batch", json=["a"], headers=headers).get_json()["code"] == 0


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN.upper()}",
        f"Bearer {TOKEN} {TOKEN}",
        "Bearer backend",
        f"Bearer backend:{TOKEN}",
        "Bearer é\xff",
        f"Bearer {TOKEN}\xe9",
        "\xff\xfe",
    ],
)
@pytest.mark.parametrize("path", ["/push", "/push/batch"])
def test_anybody_else_is_told_that_a_token_is_needed(
    queue: FakeQueue, path: str, authorization: str
) -> None:
    http = api(queue, push_tokens=TOKENS)
    response = http.post(path, json=["a"], environ_overrides={"HTTP_AUTHORIZATION": authorization})

    assert error_of(response) == (401, "unauthorized")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert queue.pushes == []


def test_a_header_that_is_no_latin_letter_at_all_is_a_wrong_token(queue: FakeQueue) -> None:
    http = api(queue, push_tokens=TOKENS)
    environ = {"HTTP_AUTHORIZATION": "Bearer \ud800消息"}

    assert error_of(http.get("/push", environ_overrides=environ)) == (401, "unauthorized")


def test_a_token_in_the_address_is_none(queue: FakeQueue) -> None:
    http = api(queue, push_tokens=TOKENS)

    assert http.get(f"/push?content=hello&token={TOKEN}").status_code == 401


@pytest.mark.parametrize("path", ANYBODYS)
def test_what_pushes_nothing_is_for_anybody(queue: FakeQueue, path: str) -> None:
    http = api(queue, push_tokens=TOKENS, address_requests_per_second=1.0)

    for _ in range(3):
        with http.get(path) as response:
            assert response.status_code == 200


def test_a_new_route_is_guarded_without_being_named(queue: FakeQueue) -> None:
    app = create_app(Settings(push_tokens=TOKENS), queue, FakePresenceReader())
    app.add_url_rule("/new/<name>", "new", lambda name: name, methods=["GET", "DELETE"])
    http = app.test_client()

    assert http.get("/new/x").status_code == http.delete("/new/x").status_code == 401
    assert http.get("/new/x", headers=bearer(TOKEN)).text == "x"


def test_only_these_endpoints_are_public() -> None:
    endpoints = {
        rule.endpoint
        for rule in create_app(Settings(), FakeQueue(), FakePresenceReader()).url_map.iter_rules()
    }

    assert endpoints - PUBLIC >= {"push_index", "push_batch"}
    assert PUBLIC - {None} <= endpoints


def test_what_no_route_takes_is_said_to_anybody(queue: FakeQueue) -> None:
    http = api(queue, push_tokens=TOKENS)

    assert error_of(http.get("/nowhere")) == (404, "not_found")
    assert error_of(http.delete("/push")) == (405, "method_not_allowed")


def test_every_refusal_is_as_documented(queue: FakeQueue) -> None:
    http = api(queue, push_tokens=TOKENS, token_requests_per_second=2.0)
    answers = []
    for headers in [{}, bearer(TOKEN), bearer(TOKEN), bearer(TOKEN)]:
        for method, path in [("GET", "/push"), ("POST", "/push"), ("POST", "/push/batch")]:
            response = http.open(path, method=method, headers=headers)
            validate_response(response, method, path)
            answers.append(response.status_code)

    assert answers[:3] == [401] * 3
    assert answers[-3:] == [429] * 3


def test_without_tokens_and_limits_no_request_is_checked() -> None:
    hooks = create_app(Settings(), FakeQueue(), FakePresenceReader()).before_request_funcs[None]

    assert [hook.__name__ for hook in hooks] == ["say_where_it_belongs"]


def test_requests_of_a_token_are_limited_and_those_of_another_are_not(
    queue: FakeQueue, clock: FakeClock
) -> None:
    http = api(queue, clock, push_tokens=TOKENS, token_requests_per_second=2.0)
    assert [push(http).status_code for _ in range(2)] == [200, 200]

    refused = push(http)

    assert error_of(refused) == (429, "too_many_requests")
    assert refused.get_json()["msg"] == "at most 2 requests a second are taken from one token"
    assert refused.headers["Retry-After"] == "1"
    assert push(http, OTHER).status_code == 200
    clock.now += 1
    assert push(http).status_code == 200


def test_requests_of_an_address_are_limited_and_those_of_another_are_not(
    queue: FakeQueue,
) -> None:
    http = api(queue, address_requests_per_second=0.1)

    assert push(http, environ_overrides={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200
    refused = push(http, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    assert error_of(refused) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == "10"
    assert push(http, environ_overrides={"REMOTE_ADDR": "192.0.2.2"}).status_code == 200


def test_guessing_tokens_is_limited_by_address(queue: FakeQueue) -> None:
    http = api(queue, push_tokens=TOKENS, address_requests_per_second=2.0)

    answers = [push(http, "0123456789abcdef-guess").status_code for _ in range(3)]

    assert answers == [401, 401, 429]


def test_a_client_behind_a_trusted_proxy_is_counted_by_its_own_address(queue: FakeQueue) -> None:
    http = api(
        queue,
        address_requests_per_second=1.0,
        trusted_proxies=(ip_network("127.0.0.1"),),
    )

    def through_proxy(client: str) -> int:
        headers = {"X-Forwarded-For": client}
        return http.get("/push?content=hello", headers=headers).status_code

    assert [through_proxy(f"192.0.2.{number}") for number in (1, 2, 1)] == [200, 200, 429]
    # What a client writes itself stands further left.
    assert through_proxy("192.0.2.99, 192.0.2.1") == 429


def test_an_address_that_nobody_vouches_for_is_not_believed(queue: FakeQueue) -> None:
    http = api(queue, address_requests_per_second=1.0)
    answers = [
        http.get("/push?content=a", headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
        for number in (1, 2)
    ]

    assert answers == [200, 429]


@pytest.fixture(params=["token_messages_per_second", "address_messages_per_second"])
def limited(request: pytest.FixtureRequest, queue: FakeQueue, clock: FakeClock) -> FlaskClient:
    """An API that takes ten messages a second, by token or by address."""
    return api(queue, clock, push_tokens=TOKENS, **{request.param: 10.0})


def batch(http: FlaskClient, count: int) -> TestResponse:
    return http.post("/push/batch", json=["a"] * count, headers=bearer(TOKEN))


def test_a_batch_counts_its_messages_and_a_refused_one_queues_nothing(
    limited: FlaskClient, queue: FakeQueue, clock: FakeClock
) -> None:
    assert batch(limited, 8).status_code == 200
    refused = batch(limited, 3)

    assert error_of(refused) == (429, "too_many_messages")
    assert refused.headers["Retry-After"] == "1"
    assert len(queue.pushes) == 1
    assert [push(limited).status_code for _ in range(3)] == [200, 200, 429]
    clock.now += 1
    assert batch(limited, 10).status_code == 200


def test_a_batch_that_is_larger_than_the_limit_passes_and_is_paid_for_afterwards(
    limited: FlaskClient, queue: FakeQueue, clock: FakeClock
) -> None:
    assert batch(limited, 100).status_code == 200
    refused = push(limited)

    assert error_of(refused) == (429, "too_many_messages")
    assert refused.headers["Retry-After"] == "10"
    clock.now += 10
    assert batch(limited, 100).status_code == 200


def test_a_push_under_an_id_counts_each_time(limited: FlaskClient, queue: FakeQueue) -> None:
    answers = [
        limited.get("/push?content=a&id=1", headers=bearer(TOKEN)).status_code for _ in range(11)
    ]

    assert answers == [200] * 10 + [429]


def test_a_refused_push_does_not_ask_redis(limited: FlaskClient, queue: FakeQueue) -> None:
    batch(limited, 10)
    queue.fault = AssertionError("Redis was asked")

    assert push(limited).status_code == 429
    assert limited.get("/push?content=a&id=1", headers=bearer(TOKEN)).status_code == 429


def test_what_is_not_acceptable_costs_no_message(limited: FlaskClient) -> None:
    for _ in range(20):
        assert limited.get("/push", headers=bearer(TOKEN)).get_json()["code"] == -1

    assert batch(limited, 10).status_code == 200


def test_what_one_limit_refuses_is_not_counted_by_another(
    queue: FakeQueue, clock: FakeClock
) -> None:
    limits = {"token_messages_per_second": 5.0, "address_messages_per_second": 10.0}
    http = api(queue, clock, push_tokens=TOKENS, **limits)
    batch(http, 5)
    for _ in range(9):
        assert batch(http, 5).status_code == 429

    # The address has five left, which the other token may use.
    answer = http.post("/push/batch", json=["a"] * 5, headers=bearer(OTHER))
    assert answer.status_code == 200


def test_a_kick_counts_as_a_message(queue: FakeQueue) -> None:
    http = api(queue, push_tokens=TOKENS, token_messages_per_second=1.0)

    statuses = [
        http.delete("/users/42/connections", headers=bearer(TOKEN)).status_code for _ in range(3)
    ]

    assert statuses == [200, 429, 429]
    assert len(queue.pushes) == 1
